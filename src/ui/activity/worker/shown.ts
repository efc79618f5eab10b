/** What the worker tells the page of gates and users. */
export type Gate = {
  readonly gate: string;
  readonly status: string;
  readonly limit: number;
  readonly ceiling: number | null;
  readonly inUse: number;
  readonly queued: number;
  readonly isCooling: boolean;
};

export type UserShare = { readonly user: string; readonly counts: readonly number[] };
