/** Whom a page asks, and as who. */
export type Access = {
  readonly url: string;
  readonly token?: string;
  readonly tenant?: string;
};
