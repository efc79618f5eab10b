/**
 * A run's snapshot as of each turn is what its row was after that turn, on random charts: with the edges that it
 * took and what it had open, and where a fold begins makes no difference. The store keeps a checkpoint every few
 * turns, so that short runs cross some. `FC_SEED` and `FC_RUNS` repeat or widen a case.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { CompiledAgent } from '../../src/kernel/compiled-agent.ts';
import { createKernel } from '../../src/kernel/kernel.ts';
import type { Run, Turn } from '../../src/index.ts';
import type { TurnCommit } from '../../src/store/batch.ts';
import type { Store } from '../../src/store/port.ts';
import type { RunRow } from '../../src/store/rows.ts';
import { keptState, type PastOpen, type TurnOpened } from '../../src/library/past/open-in.ts';
import { casesOf } from '../support/long-form.ts';
import { oneReplica, type Replica, type World } from '../support/replica.ts';
import { buildChart, eventTypes } from './kernel-chart-build.ts';
import { chartCase, type CaseSpec, type MoveSpec } from './kernel-chart-spec.ts';

const kernel = createKernel();
const reached = { turns: 0, edges: 0, checkpoints: 0, open: 0, crossed: 0 };

beforeAll(() => {
  vi.spyOn(console, 'warn').mockImplementation(() => undefined);
});
afterAll(() => {
  vi.restoreAllMocks();
});

async function play(run: Run, world: World, move: MoveSpec): Promise<void> {
  if (move.move === 'event') {
    await run.send({ type: eventTypes[move.event] as string, v: move.v });
    await world.clock.idle();
  } else if (move.move === 'advance') {
    await world.clock.advance(move.ms);
  }
}

/** Each row of the run as it was after one of its turns. */
async function rowsOf({ moves }: CaseSpec, run: Run, world: World & Replica): Promise<RunRow[]> {
  const rows: RunRow[] = [];
  const look = async (): Promise<void> => {
    const row = await run.row();
    if (rows.at(-1)?.turn !== row.turn) rows.push(row);
  };
  await look();
  for (const move of [...moves, ...moves]) {
    if (rows.at(-1)?.endedAtMs !== null) break;
    await play(run, world, move);
    await look();
  }
  return rows;
}

/** Each turn that may have a checkpoint has one if its number is a multiple of `spacing`. */
function keeping(store: Store, spacing: number): Store {
  const spaced = (turn: TurnCommit): TurnCommit => {
    const isKept = turn.ended === null && turn.chartText !== null;
    if (!isKept || (turn.expectedTurn + 1) % spacing !== 0) return turn;
    return { ...turn, checkpoint: true };
  };
  return {
    ...store,
    commit: (batch) => store.commit({ ...batch, turns: batch.turns.map(spaced) }),
  };
}

const nameOf = (one: { readonly kind: string; readonly id: string } & Numbered): string =>
  `${one.kind} ${one.id} ${one.incarnation ?? one.generation}`;
type Numbered = { readonly incarnation?: number; readonly generation?: number };

/** What it invokes, and what people call that: the same where it is opened, and while it is open. */
const sourceOf = (one: TurnOpened | PastOpen): string => {
  if (one.kind === 'timer') return '';
  const { source, src } = one;
  const agent = 'agent' in one ? one.agent : src;
  return ` ${source} ${source === 'child' ? agent : source === 'task' ? src : source}`;
};

/** What is open after a turn, from what the turns say that they opened, stopped and took. */
function openAfter(turns: readonly Turn[], last: number): string[] {
  const open = new Map<string, string>();
  for (const { turn, entries, opened, stopped } of turns) {
    if (turn > last) break;
    for (const one of opened ?? []) open.set(nameOf(one), nameOf(one) + sourceOf(one));
    for (const one of stopped ?? []) open.delete(nameOf(one));
    for (const one of entries) {
      if (one.kind === 'timer') open.delete(nameOf(one));
      if (one.kind === 'done' || one.kind === 'failed') {
        open.delete(nameOf({ ...one, kind: 'invocation' }));
      }
    }
  }
  return [...open.values()].toSorted();
}

async function runCase(given: CaseSpec, spacing: number): Promise<void> {
  const { own } = buildChart(given.root);
  const { work } = own.implementations.actors as Readonly<Record<string, never>>;
  const chart = own.provide({ actors: { generate: work } });
  const compiled = kernel.register(chart) as CompiledAgent;
  const kids = new Set(compiled.charts.values());
  const between = (store: Store): Store => keeping(store, spacing);
  const world = await oneReplica({ agents: [...kids, chart], between });
  const run = await world.heddle.start('m');
  await world.clock.idle();
  const rows = await rowsOf(given, run, world);
  const turns = await run.turns({ limit: 200, edges: true });
  for (const { turn, chartText, status } of rows) {
    const past = await run.snapshotAt(turn);
    const { asOf: _, ...kept } = keptState(chartText, turn, (src) => compiled.sourceOf(src));
    expect(past).toMatchObject({ turn, asOf: turn, exact: true, status, ...kept });
    const { value, edges, exact } = turns.find((one) => one.turn === turn) as Turn;
    expect({ value, edges, exact }).toEqual({ value: past.value, edges: past.edges, exact: true });
    expect(openAfter(turns, turn)).toEqual(
      past.open.map((one) => nameOf(one) + sourceOf(one)).toSorted(),
    );
    reached.turns++;
    reached.edges += past.edges?.length ?? 0;
    reached.open += past.open.length;
  }
  const kept = world.store.database.tables.checkpoints.all().filter((one) => one.runId === run.id);
  reached.checkpoints += kept.length;
  reached.crossed += rows.filter(({ turn }) => kept.some((one) => one.turn < turn)).length;
  await world.heddle.close();
}

const numRuns = casesOf({ short: 40, long: 100 });
const seed = process.env['FC_SEED'];

test('the past is what it was', { timeout: 600_000 }, async () => {
  await fc.assert(fc.asyncProperty(chartCase, fc.integer({ min: 2, max: 4 }), runCase), {
    numRuns,
    ...(seed !== undefined && { seed: Number(seed) }),
  });
  console.log(reached);
  for (const what of ['turns', 'edges', 'open', 'crossed'] as const) {
    expect(reached[what], what).toBeGreaterThan(numRuns / 4);
  }
});
