/** Which timers rang for which runs: no port shows it, so the run queue is listened to. */
import { RunQueue } from '../../src/runtime/wake/run-queue.ts';

const rings: { readonly runId: string; readonly timerId: string; readonly generation: number }[] =
  [];
const deliver = RunQueue.prototype.deliver;

RunQueue.prototype.deliver = function (...[address, incoming]): void {
  if (incoming.kind === 'timer') {
    const { timerId, generation } = incoming;
    rings.push({ runId: address.runId, timerId, generation });
  }
  deliver.call(this, address, incoming);
};

/** One world at a time. */
export function startRings(): void {
  rings.length = 0;
}

export function rungTimers(): typeof rings {
  return rings;
}
