import { expect, it } from 'vitest';
import { Ledger } from '../../src/circuits/ledger.ts';

const idsOf = (circuit: number) => ['r', 'd', 'v'].map((name) => `${name}${circuit}`);
const ended = (ledger: Ledger, runId: string, atMs: number, status = 'completed' as const) =>
  ledger.ended(runId, { status, atMs });

function opened(scale: number): Ledger {
  const ledger = new Ledger(scale);
  for (let n = 1; n <= scale; n++) ledger.started(n, n);
  for (let n = 1; n <= scale; n++) ledger.acceptedAs(n, idsOf(n));
  return ledger;
}

it('measures a circuit from its start to the end of its last run', () => {
  const ledger = opened(2);
  let over = 0;
  ledger.onOver = () => over++;
  expect(ledger).toMatchObject({ openRuns: 6, peakOpenRuns: 6, accepted: 2, firstStartMs: 1 });
  ['d2', 'r1', 'v2', 'r2', 'v1'].forEach((id, i) => ended(ledger, id, 10 + i));
  expect(ledger).toMatchObject({ completed: 1, isOver: false, openRuns: 1 });
  ended(ledger, 'd1', 31);
  expect(ledger).toMatchObject({ completed: 2, failed: 0, isOver: true, lastEndMs: 31 });
  expect(ledger.latenciesMs()).toEqual([30, 11]);
  expect(over).toBe(1);
});

it('counts an end once, however often it is heard', () => {
  const ledger = opened(1);
  for (let i = 0; i < 3; i++) ended(ledger, 'r1', 5);
  expect(ledger).toMatchObject({ endedRuns: 1, openRuns: 2, isOver: false });
});

it('keeps an end that is heard before the start was answered', () => {
  const ledger = new Ledger(1);
  ledger.started(1, 0);
  for (const id of idsOf(1)) ended(ledger, id, 9);
  expect(ledger.isOver).toBe(false);
  ledger.acceptedAs(1, idsOf(1));
  expect(ledger).toMatchObject({ completed: 1, isOver: true, openRuns: 0, peakOpenRuns: 3 });
  expect(ledger.latenciesMs()).toEqual([9]);
});

it('fails a circuit of which one run did not complete, and one that was refused', () => {
  const ledger = new Ledger(2);
  ledger.started(1, 0);
  ledger.started(2, 0);
  ledger.acceptedAs(1, idsOf(1));
  ledger.refused(2, 1);
  ledger.ended('d1', { status: 'failed', atMs: 2 });
  ended(ledger, 'r1', 3);
  ended(ledger, 'v1', 4);
  expect(ledger).toMatchObject({ completed: 0, failed: 2, isOver: true, accepted: 1 });
  expect(ledger.latenciesMs()).toEqual([]);
});
