/** Each kind of waiting says in plain words what is waited for, and what ends it. */
import { fromPromise, setup } from 'xstate';
import { expect, it } from 'vitest';
import { task, type HeddleOptions, type Run, type Wait } from '../../src/index.ts';
import { oneReplica, type Replica, type World } from '../support/replica.ts';
import { script, type ScriptStep } from '../support/script-agent.ts';
import { scriptedProvider, type OpenCall } from '../support/scripted-provider.ts';

const never = (): Promise<unknown> => new Promise(() => undefined);

const worker = setup({ actors: { work: task(never) } }).createMachine({
  id: 'worker',
  initial: 'working',
  states: { working: { invoke: { id: 'digging', src: 'work' } } },
});
const parent = setup({ actors: { script } }).createMachine({
  id: 'parent',
  initial: 'minding',
  states: {
    minding: {
      invoke: { id: 'kid', src: 'script', input: { steps: [{ do: 'wait' }] } as never },
      after: { 90_000: 'over' },
    },
    over: {},
  },
});
const plain = setup({ actors: { slow: fromPromise(never) } }).createMachine({
  id: 'plain',
  initial: 'idling',
  states: { idling: { on: { go: 'over' } }, over: { type: 'final' } },
});

type Place = World & Replica & { readonly calls: readonly OpenCall[] };
type Kind = {
  /** The kind of the first thing for which the run waits. */
  readonly kind: Wait['kind'];
  readonly settings?: HeddleOptions['settings'];
  readonly ceiling?: number;
  /** Brings a run there, and gives it. */
  readonly play: (place: Place) => Promise<Run>;
  readonly says: RegExp;
  /** What its row says, where that has a reason of its own. */
  readonly row?: RegExp;
};

const ask: ScriptStep = { do: 'generate', with: { prompt: 'why?' } };
const steps = (...all: readonly ScriptStep[]) => ({ input: { steps: all } as never });

async function started(
  place: Place,
  agent = 'script',
  ...all: readonly ScriptStep[]
): Promise<Run> {
  const run = await place.heddle.start(agent, all.length === 0 ? {} : steps(...all));
  await place.clock.advance(100);
  return run;
}

const kinds: Readonly<Record<string, Kind>> = {
  'a call that is out': {
    kind: 'call',
    play: (place) => started(place, 'script', ask),
    says: /^call \S+ is out at provider scripted, attempt 1$/,
  },
  'a call in line for a slot': {
    kind: 'slot',
    ceiling: 1,
    play: async (place) => {
      await started(place, 'script', ask);
      return started(place, 'script', ask);
    },
    says: /^call \S+ waits for a slot: scripted has 1 of 1 slots taken; nobody else waits in its line$/,
  },
  'a provider that asks to wait': {
    kind: 'slot',
    play: async (place) => {
      const run = await started(place, 'script', ask);
      // What was told of a provider is told again after half a second.
      await place.clock.advance(1_000);
      place.calls[0]?.fail('rate-limited', 30_000);
      await place.clock.advance(2_000);
      return run;
    },
    says: /^call \S+ waits for a slot: scripted asks to wait, for [\d.]+ s more; nobody else waits in its line$/,
  },
  'a backoff': {
    kind: 'backoff',
    play: async (place) => {
      const run = await started(place, 'script', ask);
      place.calls[0]?.fail('outage');
      await place.clock.idle();
      return run;
    },
    says: /^call \S+: provider scripted failed \(outage on order\); the call is tried again after a pause: attempt 2, [\d.]+ s later$/,
    row: /provider scripted failed/,
  },
  'a provider that does not answer': {
    kind: 'stalled',
    play: async (place) => {
      const runs = [];
      for (let i = 0; i < 6; i += 1) runs.push(await started(place, 'script', ask));
      place.calls.forEach((call) => call.fail('outage'));
      await place.clock.advance(700);
      return runs.at(-1)!;
    },
    says: /^call \S+: provider scripted does not answer \(outage on order\), and is asked again .* follow when it answers$/,
    row: /provider scripted does not answer/,
  },
  'a provider that is parked': {
    kind: 'parked',
    play: async (place) => {
      const run = await started(place, 'script', ask);
      place.calls[0]?.fail('refused');
      await place.clock.idle();
      return run;
    },
    says: /^call \S+: provider scripted refused key or spend \(refused on order\): mend it and reopen the provider/,
    row: /provider scripted refused/,
  },
  'a budget': {
    kind: 'budget',
    play: async (place) => {
      await place.heddle.setBudget({ user: 'default' }, { tokens: 1 });
      return started(place, 'script', ask);
    },
    says: /budget of user default \(1 tokens\) has 0 spent and 0 reserved.*raise it/,
    row: /budget of user default/,
  },
  'a task': {
    kind: 'task',
    play: (place) => started(place, 'worker'),
    says: /^task digging \(work\) runs$/,
  },
  'a task in line': {
    kind: 'line',
    settings: { permitsMax: 1 },
    play: async (place) => {
      await started(place, 'worker');
      return started(place, 'worker');
    },
    says: /stands in line: all permits \(permitsMax\) are taken/,
    row: /permitsMax/,
  },
  'a person, by a question': {
    kind: 'person',
    play: (place) =>
      started(place, 'script', { do: 'ask', with: { question: 'Go on?', timeoutMs: 60_000 } }),
    says: /waits for a person's answer, asked \d{4}-.*"Go on\?" \(answer \S+\), in ([\d.]+ s|1 min) at the latest$/,
  },
  'an event from outside': {
    kind: 'event',
    play: (place) => started(place, 'plain'),
    says: /^state idling: it waits for an event from outside \(send\)/,
  },
  'a channel': {
    kind: 'channel',
    play: (place) =>
      started(place, 'script', { do: 'receive', with: { channel: 'news', timeoutMs: 5_000 } }),
    says: /waits for messages on channel news, in ([\d.]+ s|1 min) at the latest$/,
  },
  'a child and a timer': {
    kind: 'child',
    play: (place) => started(place, 'parent'),
    says: /^kid waits for the end of child run \S{36} of agent script; timer \S*90000\S* is due in 1 min 29 s$/,
  },
  'a timer': {
    kind: 'timer',
    play: (place) => started(place, 'script', { do: 'sleep', ms: 7_000 }),
    says: /^timer \S+ is due in 6\.9 s$/,
  },
  'a person who paused it': {
    kind: 'pause',
    play: async (place) => {
      const run = await started(place, 'script', { do: 'wait' });
      await run.pause('lunch');
      await place.clock.idle();
      return run;
    },
    says: /^paused by library \(lunch\); it goes on when it is resumed$/,
    row: /lunch/,
  },
  'a parent that is paused': {
    kind: 'pause',
    play: async (place) => {
      const run = await started(place, 'parent');
      await run.pause('lunch');
      await place.clock.advance(1_000);
      const rows = await place.heddle.runs({ agent: 'script' });
      return place.heddle.run(rows[0]!.runId);
    },
    says: /^paused with its parent, by library .*; it goes on when its parent is resumed$/,
  },
  'too many calls that wait': {
    kind: 'begin',
    settings: { waitingCallsMax: 1 },
    ceiling: 1,
    play: async (place) => {
      for (let i = 0; i < 3; i += 1) await started(place, 'script', ask);
      return started(place, 'script', ask);
    },
    says: /so many calls and tasks wait that no run begins \(waitingCallsMax\); it begins when there are fewer/,
    row: /waitingCallsMax/,
  },
};

it.each(Object.entries(kinds))(
  '%s',
  async (_, { kind, settings = {}, ceiling = 10, play, says, row }) => {
    const provider = scriptedProvider({ ceiling });
    const agents = [script, worker, parent, plain];
    const world = await oneReplica({ providers: [provider], agents, settings });
    const run = await play({ ...world, calls: provider.calls });
    expect(await run.waitsFor()).toMatch(says);
    const why = await run.why();
    expect(why.waits[0]?.kind).toBe(kind);
    expect(why.words).toContain(await run.waitsFor());
    if (row !== undefined) expect((await run.row()).reason).toMatch(row);
    await run.cancel();
    await world.clock.advance(1_000);
    expect(await run.waitsFor()).toBe(null);
  },
);
