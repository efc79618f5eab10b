/**
 * The plan of the n-th call: its times and its fault. It is drawn from the script, the seed and the
 * call's number alone, so a script repeats exactly, whatever the calls contain and however long
 * they take.
 */
import { mix } from '../providers/stub/stub-answer.ts';
import type { EmulatorScript, Fault, Spread } from './script.ts';

export type CallPlan = {
  readonly latencyMs: number;
  /**
   * Never later than `latencyMs`; equal to it when the script gives no time for the first token.
   */
  readonly firstTokenMs: number;
  readonly fault: Fault | null;
};

export function planCall(script: EmulatorScript, seed: number, callNumber: number): CallPlan {
  const hash = mix(Math.imul(callNumber, 0x9e3779b1) ^ seed);
  const latencyMs = drawMs(script.latencyMs, hash);
  const { firstTokenMs } = script;
  return {
    latencyMs,
    firstTokenMs:
      firstTokenMs === null ? latencyMs : Math.min(latencyMs, drawMs(firstTokenMs, ~hash)),
    fault: script.faults.length === 0 ? null : drawFault(script.faults, hash, callNumber),
  };
}

/** A number in [0, 1), a different one for each salt. */
function draw(hash: number, salt: number): number {
  return mix(hash ^ salt) / 2 ** 32;
}

function drawFault(faults: readonly Fault[], hash: number, callNumber: number): Fault | null {
  // All faults share one draw, because each share counts among the same calls.
  let left = draw(hash, 0x5bd1e995);
  for (const fault of faults) {
    if ('calls' in fault) {
      if (callNumber >= fault.calls.from && callNumber <= fault.calls.to) return fault;
    } else if ((left -= fault.share) < 0) return fault;
  }
  return null;
}

function drawMs(spread: Spread, hash: number): number {
  switch (spread.kind) {
    case 'fixed':
      return spread.ms;
    case 'uniform':
      return spread.minMs + draw(hash, 0x1b873593) * (spread.maxMs - spread.minMs);
    case 'lognormal': {
      // Box-Muller; 1 - draw, because the logarithm of 0 does not exist.
      const radius = Math.sqrt(-2 * Math.log(1 - draw(hash, 0x1b873593)));
      const normal = radius * Math.cos(2 * Math.PI * draw(hash, 0xcc9e2d51));
      return Math.min(spread.maxMs, spread.medianMs * Math.exp(spread.sigma * normal));
    }
  }
}
