/**
 * What a person tells all replicas to do with the gates of a provider.
 *
 * - reopen: calls go again. A time that a 429 has asked for is kept, unless `endsCooling`.
 * - probe: a stalled or parked provider is asked now, by the next call that waits for it.
 */
export type GateOrder = {
  readonly kind: 'reopen' | 'probe';
  readonly endsCooling: boolean;
  /** Who gave it. */
  readonly by: string;
};
