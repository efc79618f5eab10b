/** Planted bugs: each with the scenario that must notice it. */
import { heddleError } from '../../src/domain/errors.ts';
import { Pool } from '../../src/providers/capacity/pool.ts';
import { Gate } from '../../src/providers/capacity/gate.ts';
import { FailedBatches } from '../../src/runtime/batch/failed-batches.ts';
import { AfterCommit } from '../../src/runtime/batch/outcome/after-commit.ts';
import { Timers } from '../../src/runtime/wake/timers.ts';
import { absentAgent, rowAsHot } from '../../src/runtime/turn/turn-loader.ts';
import type { MemoryStore } from '../../src/store/memory/memory-store.ts';
import { replaced } from '../support/replaced.ts';
import { withFaults, type StoreFault } from '../support/faults.ts';
import { requestBesideCommit } from '../support/request-fault.ts';
import { answersBesideTimeouts } from './scenarios/answers.ts';
import { publishAgainstSubscribe, twoConsumersOfAGroup } from './scenarios/channels.ts';
import { admission } from './scenarios/circuits.ts';
import { changedCharts, throwing } from './scenarios/deploys.ts';
import { shortBehindLong, timerAgainstEvent } from './scenarios/endings.ts';
import { compareAndSet, mergesByMany } from './scenarios/memory.ts';
import { keyedRequests } from './scenarios/keyed.ts';
import { outsideConsumers, rateLimits } from './scenarios/outside.ts';
import type { Scenario, Seam } from './world.ts';

export type PlantedBug = {
  readonly name: string;
  readonly scenario: Scenario;
  /** The check that notices. */
  readonly finding: RegExp;
  readonly seam?: Seam;
  /** Whose random schedules come to it soon; 1 where all do. */
  readonly seed?: number;
  /** Changes heddle's own code; gives back what changes it back. */
  readonly plant?: () => () => void;
};

const inStore = (fault: StoreFault, scenario: Scenario, finding: RegExp, seed = 1): PlantedBug => ({
  name: fault,
  scenario,
  finding,
  seed,
  seam: { wrapStore: (store, pause) => withFaults(store, [fault], pause) },
});

export const plantedBugs: readonly PlantedBug[] = [
  inStore('no-epoch-check', compareAndSet, /stale epoch committed/, 10),
  {
    // The fence alone keeps two owners apart, so it must be off for the version to matter.
    name: 'no-version-check',
    scenario: timerAgainstEvent,
    finding: /journal does not fold|stuck|timer late|outcome/,
    seed: 8,
    seam: {
      wrapStore: (store) => withFaults(store, ['no-epoch-check', 'no-version-check']),
      blindTo: 'stale epoch committed',
    },
  },
  inStore('scan-before-register', publishAgainstSubscribe, /stuck/, 5),
  inStore('bigserial-cursor', publishAgainstSubscribe, /reader|channelGaps|stuck/, 10),
  inStore('timer-rearmed', timerAgainstEvent, /timer late/, 10),
  inStore('cursor-outside-turn', twoConsumersOfAGroup, /doubled|skipped/),
  inStore('journal-after-commit', compareAndSet, /journal/),
  inStore('memory-by-number', mergesByMany, /merge lost/, 9),
  inStore('close-past-answer', answersBesideTimeouts, /answer lost/, 3),
  inStore('answer-without-incarnation', answersBesideTimeouts, /answer (astray|twice|lost)/, 8),
  inStore('answered-again', answersBesideTimeouts, /answer (twice|doubled|lost)/),
  inStore('request-unkept', keyedRequests, /outcome|keyed/, 6),
  {
    name: 'a request that is looked up before the commit, and written after it',
    scenario: keyedRequests,
    finding: /outcome|keyed/,
    seed: 8,
    seam: { wrapStore: requestBesideCommit },
  },
  {
    name: 'a full memory of timers turns newcomers away',
    scenario: shortBehindLong,
    finding: /timer late/,
    plant: newcomersTurnedAway,
  },
  {
    name: 'a snapshot that does not fit fails its run',
    scenario: changedCharts,
    finding: /a deployment failed a run/,
    plant: unfitFails,
  },
  {
    name: 'a step that throws fails its run under any build',
    scenario: changedCharts,
    finding: /a deployment failed a run/,
    seam: { wrapStore: buildUnknown },
  },
  {
    name: 'a call that waits for a slot takes a permit',
    scenario: admission(1, [
      [0, 2],
      [0, 1],
      [0, 0],
    ]),
    finding: /stuck/,
    plant: permitsForWaitingCalls,
  },
  {
    name: 'acknowledged before it is worked on',
    scenario: outsideConsumers,
    finding: /outcome/,
    seed: 6,
    seam: { wrapStore: ackEarly },
  },
  {
    name: '429 taken for an outage',
    scenario: rateLimits,
    finding: /429 stalls/,
    plant: limitsAsOutages,
  },
  {
    name: "an error that is nobody's own counts against the run",
    scenario: twoConsumersOfAGroup,
    finding: /outcome/,
    seed: 7,
    plant: blameRuns,
  },
  {
    name: 'a throw after a commit takes its batch with it',
    scenario: publishAgainstSubscribe,
    finding: /stuck|memory/,
    plant: followUntilThrown,
  },
  {
    name: 'hints without looking',
    scenario: publishAgainstSubscribe,
    finding: /stuck/,
    seed: 8,
    seam: { settings: { pollMs: 3_600_000 } },
  },
];

function permitsForWaitingCalls(): () => void {
  const inFlight = Object.getOwnPropertyDescriptor(Pool.prototype, 'inFlight');
  if (inFlight === undefined) throw new TypeError('the pool does not count its calls');
  const entered = new WeakMap<object, Set<never>>();
  const restore = replaced(
    Pool.prototype,
    'enqueue',
    (enqueue) =>
      function (this: Pool<never>, call, ...rest): boolean {
        entered.set(this, (entered.get(this) ?? new Set()).add(call as never));
        return enqueue.call(this, call, ...rest);
      },
  );
  Object.defineProperty(Pool.prototype, 'inFlight', {
    ...inFlight,
    get(this: Pool<never>): number {
      const waiting = [...(entered.get(this) ?? [])].filter((call) => this.isWaiting(call));
      return Number(inFlight.get?.call(this)) + waiting.length;
    },
  });
  return () => {
    restore();
    Object.defineProperty(Pool.prototype, 'inFlight', inFlight);
  };
}

/** As with room for two timers. */
function newcomersTurnedAway(): () => void {
  return replaced(
    Timers.prototype,
    'set',
    (set) =>
      function (this: Timers, ...args): void {
        if (this.size < 2) set.apply(this, args);
      },
  );
}

function blameRuns(): () => void {
  const { stall } = FailedBatches.prototype;
  FailedBatches.prototype.stall = function (faulty) {
    const fault = heddleError('store-poison', { reason: faulty.fault.message });
    return stall.call(this, { ...faulty, fault });
  };
  return () => {
    FailedBatches.prototype.stall = stall;
  };
}

function followUntilThrown(): () => void {
  const { settle } = AfterCommit.prototype;
  AfterCommit.prototype.settle = function (made, outcome) {
    const shouts = made.turns.some(({ turn }) =>
      turn.draft.afterwards.some(({ kind }) => kind === 'act'),
    );
    if (shouts) throw new TypeError('an action threw something without a text');
    settle.call(this, made, outcome);
  };
  return () => {
    AfterCommit.prototype.settle = settle;
  };
}

function limitsAsOutages(): () => void {
  const { settle } = Gate.prototype;
  Gate.prototype.settle = function (slot, outcome, nowMs) {
    const isLimit = outcome.kind === 'rate-limited';
    return settle.call(this, slot, isLimit ? { ...outcome, kind: 'outage' } : outcome, nowMs);
  };
  return () => {
    Gate.prototype.settle = settle;
  };
}

/** As if nothing could ever be done about it. */
function unfitFails(): () => void {
  return replaced(
    AfterCommit.prototype,
    'noChart',
    () =>
      function (_, run, reason): never {
        const hot = rowAsHot(absentAgent(run), { run, inbox: [], laterAnswers: [] });
        return { hot, failure: { code: 'run-failed', message: reason } } as never;
      },
  );
}

/** Every run seems to have the build that throws. */
function buildUnknown(store: MemoryStore): MemoryStore {
  const { build } = throwing;
  return {
    ...store,
    load: async (runs) => {
      const loaded = await store.load(runs);
      return loaded.map((one) => one && { ...one, run: { ...one.run, build } });
    },
    open: async (query) => (await store.open(query)).map((run) => ({ ...run, build })),
  };
}

/** What was given out counts as done. */
function ackEarly(store: MemoryStore): MemoryStore {
  return {
    ...store,
    lease: async (scope, request) => {
      const messages = await store.lease(scope, request);
      await store.acknowledge(scope, {
        ...request,
        tokens: messages.map(({ token }) => token),
      });
      return messages;
    },
  };
}
