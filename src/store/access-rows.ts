/** The rows of access: who may use the API, and which requests it has answered. */

/** What a token allows; `admin` allows everything. */
export const tokenScopes = ['run', 'read', 'inspect', 'admin'] as const;
export type TokenScope = (typeof tokenScopes)[number];

export type NewToken = {
  /** Names the token for ever; it stands beside the commands that were given with it. */
  readonly name: string;
  /** sha-256 of the token, in hex. The token itself is not kept. */
  readonly hash: string;
  /** The only tenant that it may name; null for all. */
  readonly tenant: string | null;
  readonly scopes: readonly TokenScope[];
};

export type TokenRow = NewToken & {
  readonly createdAtMs: number;
  /** Null while it is in use. */
  readonly revokedAtMs: number | null;
};
