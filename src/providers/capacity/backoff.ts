/** How long to wait: for a call after an outage, and for a provider after a 429 or a stall. */

export type PoolSettings = {
  /** A call's wait after its first outage; it doubles with each further one. */
  readonly backoffMs: number;
  readonly backoffMsMax: number;
  /** A provider's wait after a 429 that names none; it doubles while no call succeeds. */
  readonly coolingMs: number;
  readonly coolingMsMax: number;
  /** What a provider may ask for. */
  readonly retryAfterMsMin: number;
  readonly retryAfterMsMax: number;
  /** Outages without an answer in between that stall a provider. */
  readonly outagesToStall: number;
  /** From a stall to its first probe; it doubles with each probe that fails. */
  readonly probeMs: number;
  readonly probeMsMax: number;
  /** A limit that ramps grows by this share of itself, */
  readonly rampStepShare: number;
  /** when its slots were full for so long for each call of the step before: they are refused one by one; */
  readonly rampStepMsPerCall: number;
  /** but never sooner than this. */
  readonly rampStepMsMin: number;
  /** After a cooling or a stall slots are released by and by: so much later, so many times as many. */
  readonly releaseStepMs: number;
  readonly releaseStepFactor: number;
};

export const defaultPoolSettings: PoolSettings = {
  backoffMs: 500,
  backoffMsMax: 30_000,
  coolingMs: 500,
  coolingMsMax: 60_000,
  retryAfterMsMin: 50,
  retryAfterMsMax: 3_600_000,
  outagesToStall: 5,
  probeMs: 1_000,
  // One call in a while hurts nobody, and a recovery is not noticed before the next, nor is its answer
  // there before a call's time is over.
  probeMsMax: 2_500,
  rampStepShare: 0.2,
  rampStepMsPerCall: 1.5,
  rampStepMsMin: 10,
  releaseStepMs: 20,
  releaseStepFactor: 1.5,
};

/** `first` for the first time, doubled with each further one, `max` at most. */
function doubled(first: number, times: number, max: number): number {
  return Math.min(max, first * 2 ** Math.min(times - 1, 50));
}

/**
 * Full jitter: anywhere between nothing and the bound, so that calls which failed together do not
 * come back together. `random` is in [0, 1).
 */
export function callBackoffMs(settings: PoolSettings, outages: number, random: number): number {
  return random * doubled(settings.backoffMs, outages, settings.backoffMsMax);
}

/** What the provider asked for within its bounds, else a guess that grows with the bursts in a row. */
export function coolingMs(
  settings: PoolSettings,
  asked: { readonly retryAfterMs: number | null; readonly bursts: number; readonly random: number },
): number {
  const { retryAfterMs, bursts, random } = asked;
  if (retryAfterMs !== null && Number.isFinite(retryAfterMs)) {
    return Math.min(settings.retryAfterMsMax, Math.max(settings.retryAfterMsMin, retryAfterMs));
  }
  return halfJitter(doubled(settings.coolingMs, bursts, settings.coolingMsMax), random);
}

/** From a stall, or a probe that failed, to the next probe. */
export function probeMs(settings: PoolSettings, failedProbes: number, random: number): number {
  return halfJitter(doubled(settings.probeMs, failedProbes + 1, settings.probeMsMax), random);
}

/** Between half and whole: replicas spread, and nobody knocks at once. */
function halfJitter(ms: number, random: number): number {
  return ms * (0.5 + random / 2);
}
