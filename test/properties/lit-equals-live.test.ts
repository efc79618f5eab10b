/**
 * What the pages light is what XState did: on random charts and journals the states and edges that are lit after a
 * turn, from the turn as the API tells it, are the active states of a live XState actor and the transitions whose
 * actions it has executed. `FC_SEED` and `FC_RUNS` repeat or widen it.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { AnyStateMachine, InspectionEvent } from 'xstate';
import type { ChartPlan } from '../../src/domain/chart-plan.ts';
import type { RunEvent } from '../../src/domain/event.ts';
import type { CompiledAgent } from '../../src/kernel/compiled-agent.ts';
import { planOf } from '../../src/kernel/drawing/chart-plan.ts';
import { edgesOf } from '../../src/kernel/drawing/edges.ts';
import { createKernel } from '../../src/kernel/kernel.ts';
import type { Step } from '../../src/kernel/port.ts';
import { PastFold, type Taken } from '../../src/library/past/fold.ts';
import { activePlaces } from '../../src/ui/chart/active.ts';
import { inletId, litPlan } from '../../src/ui/chart/lit.ts';
import { casesOf } from '../support/long-form.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { buildChart, eventTypes } from './kernel-chart-build.ts';
import {
  chartCase,
  type CaseSpec,
  type MoveSpec,
  type TransitionSpec,
} from './kernel-chart-spec.ts';
import { LiveRun } from './kernel-live-run.ts';
import { OwnRun } from './kernel-own-run.ts';

const kernel = createKernel();

/** What the cases reached, so that a generator gone dull cannot pass for a proof. */
const reached = {
  turns: 0,
  edges: 0,
  eventless: 0,
  completions: 0,
  timers: 0,
  alike: 0,
  groups: 0,
  lost: 0,
};

beforeAll(() => {
  vi.spyOn(console, 'warn').mockImplementation(() => undefined);
});
afterAll(() => {
  vi.restoreAllMocks();
});

/** Notes the events that its run takes, as a journal does. */
class JournaledRun extends OwnRun {
  #entries: RunEvent[] = [];

  override take(event: RunEvent): Step {
    this.#entries.push(event);
    return super.take(event);
  }

  /** Those since it was asked last. */
  entries(): readonly RunEvent[] {
    return this.#entries.splice(0);
  }
}

type Transition = {
  readonly source: Node;
  readonly target?: readonly Node[];
  actions: readonly unknown[];
};
type Node = { readonly path: readonly string[]; readonly machine: { readonly id: string } };

const placeOf = ({ machine, path }: Node): string => [machine.id, ...path].join('.');

type Taking = { readonly id: string; readonly source: string; readonly targets: readonly string[] };

/** XState executes the actions of those transitions that it takes: each of them gets one that says so. */
function marked(live: AnyStateMachine): Taking[] {
  const taken: Taking[] = [];
  for (const [transition, { id }] of edgesOf(live)) {
    const one = transition as Transition;
    const { source, target = [] } = one;
    const mark = () => {
      taken.push({ id, source: placeOf(source), targets: target.map(placeOf) });
    };
    one.actions = [mark, ...one.actions];
  }
  return taken;
}

async function runCase({ root, moves }: CaseSpec): Promise<void> {
  const { own, live } = buildChart(root);
  const agent = kernel.register(own) as CompiledAgent;
  const plan = planOf(agent.definition);
  const edges = edgesOf(live);
  const marks = marked(live);
  const reported: string[] = [];
  const actor = new LiveRun(
    live,
    (id) => id,
    (event: InspectionEvent) => {
      if (event.type !== '@xstate.microstep') return;
      for (const one of event._transitions) {
        const edge = edges.get(one);
        if (edge !== undefined) reported.push(edge.id);
      }
    },
  );
  const run = new JournaledRun(kernel, agent, false);
  const fold = new PastFold({ kernel, clock: new ManualClock(), agent, runId: 'm' }, null);
  const before = new Set<string>();
  const look = async (first: readonly RunEvent[]): Promise<boolean> => {
    const turn = await fold.take({ build: agent.build, entries: [...first, ...run.entries()] });
    if (actor.see().status === 'error') return false;
    const taken = marks.splice(0);
    // XState tells of what was selected; what it takes is among that.
    expect(reported.splice(0)).toEqual(expect.arrayContaining(taken.map(({ id }) => id)));
    agree(plan, turn as Taken, { taken, active: actor.places(), before });
    for (const { id } of taken) before.add(id);
    return actor.see().status === 'active';
  };
  if (!(await look([{ kind: 'start' }]))) return;
  for (const move of moves) {
    await play(move, actor, run);
    if (!(await look([]))) break;
  }
}

async function play(move: MoveSpec, actor: LiveRun, run: JournaledRun): Promise<void> {
  if (move.move === 'event') {
    const event = { type: eventTypes[move.event] as string, v: move.v };
    actor.send({ ...event });
    run.take({ kind: 'event', event });
    return;
  }
  if (move.move === 'advance') {
    reached.timers += run.state.timers.length;
    actor.advance(move.ms);
    run.advance(move.ms);
    return;
  }
  const { invocations } = run.state;
  const chosen = invocations[move.pick % invocations.length];
  if (chosen === undefined) return;
  reached.completions++;
  const { id, incarnation } = chosen;
  const error = { name: 'HeddleError', code: 'task-failed', message: 'no', detail: { v: move.v } };
  const { name: _, ...record } = error;
  const output = { v: move.v };
  await actor.complete(id, move.fails ? { error } : { output });
  run.take(
    move.fails
      ? { kind: 'failed', id, incarnation, error: record }
      : { kind: 'done', id, incarnation, output },
  );
}

type Did = {
  readonly taken: readonly Taking[];
  readonly active: ReadonlySet<string>;
  /** Edges of turns before. */
  readonly before: ReadonlySet<string>;
};

function agree(plan: ChartPlan, turn: Taken, { taken, active, before }: Did): void {
  expect(turn.edges.map(({ id }) => id)).toEqual(taken.map(({ id }) => id));
  const now = new Set(turn.edges.map(({ id }) => id));
  const lit = litPlan(plan, { active: activePlaces(plan.root, turn.value), now, before });
  const drawn = placesOf(plan);
  // A history state can bring XState to lose active states, and not those within them: it contradicts itself then.
  const isWhole = [...active].every(
    (place) => isAny([around(place)], active) || place === plan.root,
  );
  if (active.size === 0 || !isWhole) reached.lost++;
  else
    for (const { id, type, children } of plan.nodes) {
      const isActive =
        type === 'group'
          ? children.some((child) => isAny(drawn.get(child), active))
          : isAny(drawn.get(id), active);
      expect(lit.nodes.has(id), `${id} is lit`).toBe(isActive);
      if (type === 'group' && isActive) reached.groups++;
    }
  const did = new Set(taken.map(({ id }) => id));
  const isNow = (edges: readonly string[]): unknown =>
    isAny(edges, did) ? 'now' : isAny(edges, before) ? 'before' : undefined;
  for (const { id, edges } of plan.edges) expect(lit.edges.get(id), id).toBe(isNow(edges));
  for (const { id, rows } of plan.nodes) {
    for (const [n, row] of rows.entries()) {
      const edges = row.kind === 'inlet' ? row.edges : [];
      expect(lit.edges.get(inletId(id, n)), `${id} row ${n}`).toBe(isNow(edges));
    }
  }
  for (const one of taken) isLitFromTo(plan, lit.edges, drawn, one);
  reached.turns++;
  reached.edges += taken.length;
  reached.eventless += taken.filter(({ id }) => id.includes(':@always:')).length;
}

const around = (place: string): string => place.slice(0, place.lastIndexOf('.'));

const isAny = (some: readonly string[] | undefined, within: ReadonlySet<string>): boolean =>
  (some ?? []).some((one) => within.has(one));

/** All places of the chart that are drawn as this state: those of regions that are drawn once, too. */
function placesOf({ nodes }: ChartPlan): ReadonlyMap<string, readonly string[]> {
  const places = new Map<string, readonly string[]>();
  for (const { id } of nodes) {
    const around = nodes.find(
      ({ id: one, alike }) => alike !== undefined && (id === one || id.startsWith(`${one}.`)),
    );
    if (around !== undefined) reached.alike++;
    const alike = around?.alike?.map((region) => region.id + id.slice(around.id.length));
    places.set(id, alike ?? [id]);
  }
  return places;
}

/** A lit line leads from where XState's transition leaves, or the group around it, to each of its targets. */
function isLitFromTo(
  { nodes, edges }: ChartPlan,
  lit: ReadonlyMap<string, string>,
  drawn: ReadonlyMap<string, readonly string[]>,
  { id, source, targets }: Taking,
): void {
  const at = (place: string): string =>
    nodes.find((node) => drawn.get(node.id)?.includes(place) === true)?.id ?? place;
  const group = nodes.find((node) => node.type === 'group' && node.children.includes(at(source)));
  const sources = [at(source), group?.id];
  for (const target of targets.length === 0 ? [source] : targets) {
    const line = edges.some(
      (edge) =>
        lit.get(edge.id) === 'now' &&
        edge.edges.includes(id) &&
        sources.includes(edge.source) &&
        edge.target === at(target),
    );
    const node = nodes.find((one) => one.id === at(target));
    const inlet = node?.rows.some(
      (row, n) =>
        row.kind === 'inlet' &&
        row.edges.includes(id) &&
        lit.get(inletId(node.id, n)) === 'now' &&
        group?.children.includes(node.id) === true,
    );
    expect(line || inlet === true, `${id} is lit from its source to ${target}`).toBe(true);
  }
}

const going = (event: number, target: number): TransitionSpec => ({
  event,
  target,
  guard: { guard: 'none' },
  actions: [],
  reenter: false,
});

/** Charts that are drawn otherwise than they are written: regions that are alike, states with the same way out. */
const anyCase = fc.oneof(
  { weight: 8, arbitrary: chartCase },
  {
    weight: 1,
    arbitrary: fc.tuple(chartCase, fc.nat(4), fc.nat(4)).map(([given, go, back]): CaseSpec => {
      const { root, moves } = given;
      const bare = {
        ...root,
        kind: 'atomic' as const,
        states: [],
        always: [],
        after: [],
        invoke: [],
      };
      // Targets are numbers of states: a region has three.
      const regions = [0, 3, 6].map((first) => {
        const states = [
          { ...bare, on: [going(go, first + 2)] },
          { ...bare, on: [going(back, first + 1)] },
        ];
        return { ...bare, kind: 'compound' as const, initial: 0, on: [], onDone: null, states };
      });
      return { root: { ...bare, kind: 'parallel', on: [], onDone: null, states: regions }, moves };
    }),
  },
  {
    weight: 1,
    arbitrary: chartCase.map(({ root, moves }): CaseSpec => {
      const on = [0, 1, 2, 3, 4].map((n) => going(n, n));
      const state = { ...root, kind: 'atomic' as const, states: [], always: [], after: [], on };
      const states = Array.from({ length: 5 }, () => state);
      return { root: { ...root, kind: 'compound', states, always: [] }, moves };
    }),
  },
);

const numRuns = casesOf({ short: 200, long: 500 });
const seed = process.env['FC_SEED'];

test('lit states and edges are those of a live actor', { timeout: 600_000 }, async () => {
  await fc.assert(fc.asyncProperty(anyCase, runCase), {
    numRuns,
    ...(seed !== undefined && { seed: Number(seed) }),
  });
  console.log(reached);
  expect(reached.lost).toBeLessThan(reached.turns / 20);
  for (const what of [
    'turns',
    'edges',
    'eventless',
    'completions',
    'timers',
    'alike',
    'groups',
  ] as const) {
    expect(reached[what], what).toBeGreaterThan(numRuns / 50);
  }
});
