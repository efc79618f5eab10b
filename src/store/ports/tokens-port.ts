/** Tokens of the API, of which the store has the hashes alone. They are about no tenant's rows. */
import type { NewToken, TokenRow } from '../access-rows.ts';

export interface TokensStore {
  /** Keeps a token of the API. False: its name was used before, also by one that is revoked. */
  createToken(token: NewToken): Promise<boolean>;
  /** The token with this hash, also when it is revoked; null: none has it. */
  tokenByHash(hash: string): Promise<TokenRow | null>;
  /** Tokens by name, above `afterName`. */
  tokens(query: {
    readonly afterName: string;
    readonly limit: number;
  }): Promise<readonly TokenRow[]>;
  /** False: none has this name. One that is revoked stays revoked since then. */
  revokeToken(name: string): Promise<boolean>;
}
