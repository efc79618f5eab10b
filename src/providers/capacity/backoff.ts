/**
 * How long a call waits after an outage, and how long a provider is left alone after a 429 or a stall.
 */
import type { CapacitySettings } from '../../domain/capacity-settings.ts';

/** `first` the first time, doubled each further time, and at most `max`. */
function doubled(first: number, times: number, max: number): number {
  return Math.min(max, first * 2 ** Math.min(times - 1, 50));
}

/**
 * Full jitter: anywhere between 0 and the bound, so that calls which failed together do not come back
 * together. `random` is in [0, 1).
 */
export function callBackoffMs(
  { firstMs, msMax }: CapacitySettings['backoff'],
  outages: number,
  random: number,
): number {
  return random * doubled(firstMs, outages, msMax);
}

/**
 * The time that the provider asked for, within its bounds; else a guess that grows with the bursts in
 * a row.
 */
export function coolingMs(
  settings: CapacitySettings['cooling'],
  asked: { readonly retryAfterMs: number | null; readonly bursts: number; readonly random: number },
): number {
  const { retryAfterMs, bursts, random } = asked;
  if (retryAfterMs !== null && Number.isFinite(retryAfterMs)) {
    return Math.min(settings.askedMsMax, Math.max(settings.askedMsMin, retryAfterMs));
  }
  const { firstMs, msMax, jitterShare } = settings;
  return withJitter(doubled(firstMs, bursts, msMax), jitterShare, random);
}

/** From a stall, or a failed probe, to the next probe. */
export function probeMs(
  { firstMs, msMax, jitterShare }: CapacitySettings['probing'],
  failedProbes: number,
  random: number,
): number {
  return withJitter(doubled(firstMs, failedProbes + 1, msMax), jitterShare, random);
}

function withJitter(ms: number, share: number, random: number): number {
  return ms * (1 - share + random * share);
}
