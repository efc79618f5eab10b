/**
 * The kernel does what a live XState actor does, hot or parked between any two moves, on random
 * charts over everything that heddle supports. A failing case prints its seed, the chart and the
 * moves; `FC_SEED` and `FC_RUNS` repeat or widen it.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { RunEvent } from '../../src/domain/event.ts';
import type { CompiledAgent } from '../../src/kernel/compiled-agent.ts';
import { createKernel } from '../../src/kernel/kernel.ts';
import { casesOf } from '../support/long-form.ts';
import { buildChart, eventTypes } from './kernel-chart-build.ts';
import { chartCase, type CaseSpec, type MoveSpec } from './kernel-chart-spec.ts';
import { LiveRun, type Seen } from './kernel-live-run.ts';
import { OwnRun } from './kernel-own-run.ts';

const kernel = createKernel();

/** What the cases reached, so that a generator gone dull cannot pass for a proof. */
const reached = { moves: 0, completions: 0, timers: 0, done: 0, errors: 0, sends: 0, stale: 0 };

beforeAll(() => {
  vi.spyOn(console, 'warn').mockImplementation(() => undefined);
});
afterAll(() => {
  vi.restoreAllMocks();
});

async function runCase({ root, moves }: CaseSpec, isNameless: boolean): Promise<void> {
  const { own, live } = buildChart(root, isNameless);
  const agent = kernel.register(own) as CompiledAgent;
  const actor = new LiveRun(live, (id) =>
    /^[tspk]\d$/.test(id) ? `send:${id}` : (agent.afterIds.get(id) ?? 'auto'),
  );
  const hot = new OwnRun(kernel, agent, false);
  const parked = new OwnRun(kernel, agent, true);
  let seen = agree(actor.see(), hot, parked, true);
  const finished: RunEvent[] = [];
  for (const move of moves) {
    if (seen.status !== 'active') break;
    reached.moves++;
    for (const event of finished) {
      expect(hot.take(event).stale).toBe(true);
      reached.stale++;
    }
    await play(move, actor, hot, parked, finished);
    seen = agree(actor.see(), hot, parked);
  }
  if (seen.status === 'done') reached.done++;
  if (seen.status === 'error') reached.errors++;
}

async function play(
  move: MoveSpec,
  actor: LiveRun,
  hot: OwnRun,
  parked: OwnRun,
  finished: RunEvent[],
): Promise<void> {
  switch (move.move) {
    case 'event': {
      const event = { type: eventTypes[move.event] as string, v: move.v };
      actor.send({ ...event });
      for (const run of [hot, parked]) run.take({ kind: 'event', event });
      return;
    }
    case 'advance':
      reached.timers += hot.state.timers.length;
      actor.advance(move.ms);
      for (const run of [hot, parked]) run.advance(move.ms);
      return;
    case 'complete': {
      const { invocations } = hot.state;
      const chosen = invocations[move.pick % invocations.length];
      if (chosen === undefined) return;
      reached.completions++;
      const { id, incarnation } = chosen;
      const error = {
        name: 'HeddleError',
        code: 'task-failed',
        message: 'no',
        detail: { v: move.v },
      };
      const { name: _, ...record } = error;
      const output = { v: move.v };
      await actor.complete(id, move.fails ? { error } : { output });
      const event: RunEvent = move.fails
        ? { kind: 'failed', id, incarnation, error: record }
        : { kind: 'done', id, incarnation, output };
      for (const run of [hot, parked]) run.take(event);
      finished.push(event);
    }
  }
}

function agree(live: Seen, hot: OwnRun, parked: OwnRun, first = false): Seen {
  const seen = hot.see();
  reached.sends += seen.did.filter((line) => /^(up|c\d|i\d)/.test(line)).length;
  expect(parked.see()).toEqual(seen);
  expect(parked.text()).toBe(hot.text());
  if (seen.status === 'error') {
    // What a failing step did is dropped by heddle and half done by a live actor, and one that fails
    // at its start stands nowhere: there, heddle shows where it would have stood.
    expect(live.status).toBe('error');
    if (!first) expect([seen.value, seen.context]).toEqual([live.value, live.context]);
    return seen;
  }
  expect(seen).toEqual(live);
  return seen;
}

async function agreeOnAll(isNameless: boolean, numRuns: number): Promise<void> {
  for (const what of Object.keys(reached)) reached[what as keyof typeof reached] = 0;
  await fc.assert(
    fc.asyncProperty(chartCase, (one) => runCase(one, isNameless)),
    { numRuns, ...(seed !== undefined && { seed: Number(seed) }) },
  );
  console.log(reached);
  for (const [what, count] of Object.entries(reached)) {
    expect(count, what).toBeGreaterThan(numRuns / 100);
  }
}

const numRuns = casesOf({ short: 400, long: 1_200 });
const seed = process.env['FC_SEED'];

test(
  'kernel, kernel restored between any two events, and live actor agree',
  { timeout: 600_000 },
  () => agreeOnAll(false, numRuns),
);

test(
  'they agree as well when only the chart has a name, and the children that it spawns',
  { timeout: 600_000 },
  () => agreeOnAll(true, numRuns / 2),
);
