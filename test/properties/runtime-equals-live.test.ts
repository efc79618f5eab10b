/**
 * A whole replica does what a live XState actor does with the same events at the same times, on random
 * charts: what the kernel alone cannot show, as the order in which timers ring. A failing case prints
 * its seed; `FC_SEED` and `FC_RUNS` repeat or widen it.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { Run } from '../../src/index.ts';
import type { CompiledAgent } from '../../src/kernel/compiled-agent.ts';
import { createKernel } from '../../src/kernel/kernel.ts';
import { casesOf } from '../support/long-form.ts';
import { oneReplica } from '../support/replica.ts';
import { buildChart, eventTypes } from './kernel-chart-build.ts';
import { chartCase, type CaseSpec, type MoveSpec } from './kernel-chart-spec.ts';
import { LiveRun, plain, type Seen } from './kernel-live-run.ts';

const kernel = createKernel();
const reached = { moves: 0, timers: 0, done: 0, errors: 0 };

beforeAll(() => {
  vi.spyOn(console, 'warn').mockImplementation(() => undefined);
});
afterAll(() => {
  vi.restoreAllMocks();
});

/** Calls are the same tasks that nothing completes: a provider would refuse their inputs. */
function chartsOf(root: CaseSpec['root']) {
  const { own, live } = buildChart(root);
  const { work } = own.implementations.actors as Readonly<Record<string, never>>;
  return { own: own.provide({ actors: { generate: work } }), live };
}

async function runCase({ root, moves }: CaseSpec): Promise<void> {
  const { own, live } = chartsOf(root);
  const agent = kernel.register(own) as CompiledAgent;
  const actor = new LiveRun(live, (id) => id);
  const kids = new Set(agent.charts.values());
  const world = await oneReplica({ agents: [...kids, own] });
  const run = await world.heddle.start('m');
  await world.clock.idle();
  let seen = actor.see();
  await agree(run, seen);
  for (const move of moves) {
    if (seen.status !== 'active') break;
    if (!(await play(move, { actor, run, world }))) continue;
    if (move.move === 'advance') reached.timers += seen.timers.length;
    reached.moves++;
    seen = actor.see();
    await agree(run, seen);
  }
  if (seen.status === 'done') reached.done++;
  if (seen.status === 'error') reached.errors++;
  await world.heddle.close();
}

/** False for a completion: here, what is invoked never ends. */
async function play(
  move: MoveSpec,
  {
    actor,
    run,
    world,
  }: {
    readonly actor: LiveRun;
    readonly run: Run;
    readonly world: Awaited<ReturnType<typeof oneReplica>>;
  },
): Promise<boolean> {
  if (move.move === 'complete') return false;
  if (move.move === 'event') {
    const event = { type: eventTypes[move.event] as string, v: move.v };
    actor.send({ ...event });
    await run.send(event);
    await world.clock.idle();
  } else {
    actor.advance(move.ms);
    await world.clock.advance(move.ms);
  }
  return true;
}

async function agree(run: Run, live: Seen): Promise<void> {
  const { status, error, chartText, outputText } = await run.row();
  const ended: Readonly<Record<string, string>> = { completed: 'done', failed: 'error' };
  const words = live.status === 'error' ? '' : (error?.message ?? '');
  expect([ended[status] ?? 'active', words]).toEqual([live.status, '']);
  if (live.status === 'error') return;
  // A chart sees its run's id where it sees a live actor's.
  const text = (chartText ?? '{}').replaceAll(run.id, 'm');
  const { value, context } = JSON.parse(text) as { value: unknown; context: unknown };
  expect([JSON.stringify(value), context]).toEqual([live.value, plain(live.context)]);
  if (live.status !== 'done') return;
  const output = (outputText ?? 'null').replaceAll(run.id, 'm');
  expect(JSON.parse(output)).toEqual(plain(live.output) ?? null);
}

const numRuns = casesOf({ short: 160, long: 300 });
const seed = process.env['FC_SEED'];

test('a run and a live actor agree after every event and wait', { timeout: 600_000 }, async () => {
  await fc.assert(fc.asyncProperty(chartCase, runCase), {
    numRuns,
    ...(seed !== undefined && { seed: Number(seed) }),
  });
  console.log(reached);
  for (const [what, count] of Object.entries(reached)) {
    expect(count, what).toBeGreaterThan(numRuns / 100);
  }
});
