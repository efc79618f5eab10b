/**
 * Why a run waits, each kind produced for real: Postgres, a provider's wire, a server. The library, the API and the
 * command line give the same.
 */
import { afterAll, afterEach, expect, it } from 'vitest';
import { assign, fromPromise, setup } from 'xstate';
import { startEmulator, type PartialScript } from '../../src/emulators/emulator.ts';
import {
  catalogue,
  ollama,
  task,
  type HeddleOptions,
  type Run,
  type Wait,
} from '../../src/index.ts';
import { called } from '../cli/called.ts';
import { eventually } from '../support/heddle.ts';
import { withClient } from '../store/postgres/database.ts';
import { testDatabase } from '../support/postgres.ts';
import { script, type ScriptStep } from '../support/script-agent.ts';
import { served, type Served } from './served.ts';

const url = await testDatabase();
const emulator = await startEmulator({ protocol: 'ollama' });
afterAll(() => emulator.close());

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
    minding: { invoke: { id: 'kid', src: 'script', input: { steps: [{ do: 'wait' }] } as never } },
  },
});
const plain = setup({ actors: { slow: fromPromise(never) } }).createMachine({
  id: 'plain',
  initial: 'idling',
  states: { idling: { on: { go: 'over' } }, over: { type: 'final' } },
});
/** The same structure with another text: a step of the second throws. */
const edited = (note: () => object) =>
  setup({ actions: { note: assign(note) } }).createMachine({
    id: 'edited',
    initial: 'idling',
    states: { idling: { on: { go: { target: 'idling', actions: 'note' } } } },
  });
const before = edited(() => ({}));
const after = edited(() => {
  throw new Error('the thread is torn');
});

const toClose: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of toClose.splice(0).toReversed()) await close();
  await emulator.set({ outage: null, faults: [], retryAfterMs: 1_000 });
});

type Options = Pick<HeddleOptions, 'settings' | 'agents'> & { readonly ceiling?: number };

let opened = 0;
async function opening({
  ceiling = 10,
  agents = [script, worker, parent, plain],
  ...options
}: Options = {}) {
  // Each has a provider of its own: a gate's state outlives the replica.
  const name = `ollama-${(opened += 1)}`;
  const provider = ollama({ name, baseUrl: emulator.url, model: 'emulated', ceiling });
  const server = await served(url, {}, { agents, providers: [provider], ...options });
  toClose.push(server.close);
  return { ...server, name };
}
type Opened = Awaited<ReturnType<typeof opening>>;

async function started({ heddle }: Opened, agent = 'script', ...steps: readonly ScriptStep[]) {
  const run = await heddle.start(agent, steps.length === 0 ? {} : { input: { steps } });
  toClose.push(async () => {
    await run.cancel().catch(() => undefined);
    await run.output({ timeoutMs: 5_000 }).catch(() => undefined);
  });
  return run;
}

type Kind = Options & {
  readonly kind: Wait['kind'];
  readonly emulated?: PartialScript;
  readonly play: (at: Opened) => Promise<Run>;
  /** What the wait holds besides. */
  readonly data?: object;
  readonly says: RegExp;
};

const ask: ScriptStep = { do: 'generate', with: { prompt: 'why?' } };
const everyCall = (error: 'rate-limited' | 'server-error' | 'authentication') => ({
  faults: [{ kind: 'error', error, afterLatency: false, calls: { from: 1, to: 9_999 } } as const],
});
const some = expect.anything();

const kinds: Readonly<Record<string, Kind>> = {
  'a call that is out': {
    kind: 'call',
    emulated: { outage: 'hang' },
    play: (at) => started(at, 'script', ask),
    data: { phase: 'in-slot', attempt: 1 },
    says: /is out at provider ollama-\d+, attempt 1/,
  },
  'a call in line, with its place': {
    kind: 'slot',
    ceiling: 1,
    emulated: { outage: 'hang' },
    play: async (at) => {
      for (let i = 0; i < 3; i += 1) await started(at, 'script', ask);
      return started(at, 'script', ask);
    },
    data: {
      phase: 'waits-for-slot',
      place: { line: some, length: 3, aheadOfSameUser: 2, estimateMs: null, asOf: some },
      gates: [{ status: 'open', inUse: 1, limit: 1 }],
    },
    says: /has 1 of 1 slots taken; 3 wait in its line, 2 of the same user before it/,
  },
  'a 429 with its end': {
    kind: 'slot',
    emulated: { ...everyCall('rate-limited'), retryAfterMs: 60_000 },
    play: (at) => started(at, 'script', ask),
    data: { place: { length: 1 }, gates: [{ status: 'cooling', coolForMs: some }] },
    says: /ollama-\d+ asks to wait, for [\d.]+ s more/,
  },
  'a provider that does not answer, with its last fault and next probe': {
    kind: 'stalled',
    emulated: { outage: 'server-error' },
    play: async (at) => {
      const runs = await Promise.all(Array.from({ length: 6 }, () => started(at, 'script', ask)));
      return runs.at(-1)!;
    },
    data: { gates: [{ probeInMs: some, lastFault: { text: expect.stringContaining('500') } }] },
    says: /does not answer .*500.* and is asked again/,
  },
  'a provider that refuses the key': {
    kind: 'parked',
    emulated: everyCall('authentication'),
    play: (at) => started(at, 'script', ask),
    data: { gates: [{ status: 'parked' }] },
    says: /refused key or spend/,
  },
  'a call that is tried again after a pause': {
    kind: 'backoff',
    emulated: everyCall('server-error'),
    play: (at) => started(at, 'script', ask),
    data: { gates: [{ status: 'open' }] },
    says: /failed .*500.*the call is tried again after a pause: attempt \d+/,
  },
  'a turn that the database refuses': {
    kind: 'fault',
    play: async (at) => {
      const run = await started(at, 'plain');
      await eventually(async () => expect((await run.row()).turn).toBe(1));
      await withClient(url, async (client) => {
        await client.query(`create function refuse_turn() returns trigger language plpgsql as $$
          begin raise exception 'the loom is locked'; end $$`);
        await client.query(`create trigger refuses before update on heddle.runs for each row
          when (new.run_id = '${run.id}' and new.turn = 2) execute function refuse_turn()`);
      });
      toClose.push(() =>
        withClient(url, (client) => client.query('drop function refuse_turn() cascade')),
      );
      await run.send({ type: 'go' });
      return run;
    },
    says: /the loom is locked/,
  },
  'a budget, with what is left': {
    kind: 'budget',
    play: async (at) => {
      await at.heddle.setBudget({ user: 'poor' }, { tokens: 1 });
      const input = { steps: [ask] };
      const run = await at.heddle.start('script', { input, user: 'poor' });
      toClose.push(() => run.cancel());
      return run;
    },
    data: { budgets: [{ scope: 'user', owner: 'poor', tokensLeft: 1 }] },
    says: /budget of user poor/,
  },
  'a pause': {
    kind: 'pause',
    play: async (at) => {
      const run = await started(at, 'plain');
      await run.pause('lunch');
      return run;
    },
    data: { by: 'person', sender: 'library', reason: 'lunch' },
    says: /paused by library \(lunch\)/,
  },
  'a version that no replica has': {
    kind: 'version',
    play: async (at) => {
      const run = await started(at, 'plain');
      await eventually(async () => expect((await run.row()).turn).toBe(1));
      await at.close();
      const { heddle } = await opening({ agents: [script] });
      const again = await heddle.run(run.id);
      await again.send({ type: 'go' });
      return again;
    },
    data: { agent: 'plain' },
    says: /version \S+ of agent plain is not registered/,
  },
  'a step that throws under another build': {
    kind: 'build',
    agents: [before],
    play: async (at) => {
      const run = await started(at, 'edited');
      await eventually(async () => expect((await run.row()).turn).toBe(1));
      await at.close();
      const { heddle } = await opening({ agents: [after] });
      const again = await heddle.run(run.id);
      await again.send({ type: 'go' });
      return again;
    },
    says: /its next step threw under build/,
  },
  'a shard without an owner': {
    kind: 'owner',
    play: async (at) => {
      const run = await started(at, 'plain');
      await eventually(async () => expect((await run.row()).turn).toBe(1));
      await at.close();
      const { heddle } = await openOutside();
      return heddle.run(run.id);
    },
    says: /no replica owns the run at the moment/,
  },
  'runs that do not begin': {
    kind: 'begin',
    ceiling: 1,
    settings: { waitingCallsMax: 1 },
    emulated: { outage: 'hang' },
    play: async (at) => {
      for (let i = 0; i < 4; i += 1) await started(at, 'script', ask);
      return started(at, 'script', ask);
    },
    data: { place: { line: 'begin', length: some, estimateMs: null } },
    says: /so many calls and tasks wait that no run begins.*wait in its line/,
  },
  'a task': {
    kind: 'task',
    play: (at) => started(at, 'worker'),
    says: /task digging \(work\) runs/,
  },
  'a task in line': {
    kind: 'line',
    settings: { permitsMax: 1 },
    play: async (at) => {
      await started(at, 'worker');
      return started(at, 'worker');
    },
    says: /all permits \(permitsMax\) are taken/,
  },
  'a person': {
    kind: 'person',
    play: (at) => started(at, 'script', { do: 'ask', with: { question: 'Go on?' } }),
    data: { question: 'Go on?', askId: some, askedAtMs: some },
    says: /waits for a person's answer, asked .*"Go on\?"/,
  },
  'an event': { kind: 'event', play: (at) => started(at, 'plain'), says: /waits for an event/ },
  'a channel on which nobody can publish': {
    kind: 'channel',
    play: (at) => started(at, 'script', { do: 'receive', with: { channel: 'news' } }),
    data: { channels: ['news'] },
    says: /waits for messages on channel news.*Nobody open in the pipeline can publish/,
  },
  'a child': {
    kind: 'child',
    play: (at) => started(at, 'parent'),
    data: { agent: 'script' },
    says: /waits for the end of child run .*It waits for its child run/,
  },
  'a timer': {
    kind: 'timer',
    play: (at) => started(at, 'script', { do: 'sleep', ms: 3_600_000 }),
    data: { dueInMs: some },
    says: /timer \S+ is due in \d+/,
  },
};

/** It takes no shards. */
async function openOutside(): Promise<Pick<Served, 'heddle'>> {
  const { createHeddle } = await import('../../src/index.ts');
  const log = { info: () => undefined, warn: () => undefined };
  const heddle = await createHeddle({ databaseUrl: url, replica: false, log });
  toClose.push(() => heddle.close());
  return { heddle };
}

it.each(Object.entries(kinds))('%s', async (_, of) => {
  const { kind, play, says, data = {}, emulated, ceiling, settings, agents } = of;
  if (emulated !== undefined) await emulator.set(emulated);
  const at = await opening({
    ...(ceiling === undefined ? {} : { ceiling }),
    ...(settings === undefined ? {} : { settings }),
    ...(agents === undefined ? {} : { agents }),
  });
  const run = await play(at);
  const isHere = !['owner', 'version', 'build'].includes(kind);
  // Both in one look: a call that is tried again waits for a moment only.
  await eventually(async () => {
    const { waits, words } = await run.why();
    expect({ ...waits[0], words }).toMatchObject({ kind, ...data });
    expect(words).toMatch(says);
    if (!isHere) return;
    const { body } = await at.ask('GET', `/v1/runs/${run.id}/why`);
    expect(body).toMatchObject({ unknown: null });
    expect(body.waits[0]).toMatchObject({ kind, ...data });
    expect(body.words).toMatch(says);
  });
});

it('the command line says the same, from a server and from a database, which asks the owner', async () => {
  await emulator.set({ outage: 'hang' });
  const at = await opening({ ceiling: 1 });
  await started(at, 'script', ask);
  const run = await started(at, 'script', ask);
  await eventually(async () => expect((await run.why()).waits).toMatchObject([{ kind: 'slot' }]));
  for (const where of [
    ['--url', at.url],
    ['--database-url', url],
  ]) {
    const { stdout, stderr } = await called('why', run.id, '--json', ...where);
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toMatchObject({
      waits: [{ kind: 'slot', phase: 'waits-for-slot', place: { length: 1, aheadOfSameUser: 0 } }],
      unknown: null,
    });
  }
  const { body } = await at.ask('GET', `/v1/runs/${run.id}`);
  expect(body.call).toMatchObject({
    phase: 'waits-for-slot',
    provider: null,
    place: { line: at.name, length: 1 },
    why: null,
  });
});

it('a replica asks the owner for places, and says why where nobody answers', async () => {
  await emulator.set({ outage: 'hang' });
  const a = await opening({ ceiling: 2 });
  const b = await opening({ ceiling: 2 });
  await eventually(async () => {
    expect([a, b].map(({ heddle }) => heddle.runtime.stats().shards)).toEqual([16, 16]);
  });
  const runs = await Promise.all(Array.from({ length: 12 }, () => started(a, 'script', ask)));
  const callsAt = async ({ ask: asked }: Opened) => {
    const bodies = await Promise.all(runs.map(({ id }) => asked('GET', `/v1/runs/${id}`)));
    return bodies.map(({ body }) => body.call);
  };
  const listedAt = async ({ ask: asked }: Opened) => {
    const { body } = await asked('GET', '/v1/runs?status=calling-provider&limit=1000');
    const calls = new Map(
      body.runs.map((one: { id: string; call: unknown }) => [one.id, one.call]),
    );
    return runs.map(({ id }) => calls.get(id));
  };
  await eventually(async () => {
    const [atA, atB] = [await callsAt(a), await callsAt(b)];
    expect(atA.map((call) => call.phase)).toEqual(atB.map((call) => call.phase));
    const places = atA.flatMap(({ place }) => place ?? []);
    // Of two replicas each has half of a provider's two slots.
    expect(places.length).toBe(runs.length - 2);
    expect(new Set(atA.map((call) => call.phase))).toEqual(new Set(['in-slot', 'waits-for-slot']));
    const placeless = atA.map(({ phase, provider, why }) => ({ phase, provider, why }));
    expect(await listedAt(a)).toEqual(placeless);
    expect(await listedAt(b)).toEqual(placeless);
  });
  const { stdout } = await called('runs', '--status', 'calling-provider', '--url', b.url);
  expect(stdout).toMatch(/calling-provider +│ in-slot /);
  expect(stdout).toMatch(/calling-provider +│ waits-for-slot/);
  a.heddle.runtime.reachedAt(null);
  await eventually(async () => {
    const calls = await callsAt(b);
    expect(calls.filter(({ phase }) => phase === 'unknown').length).toBeGreaterThan(0);
    for (const { phase, why } of calls) {
      expect(why).toBe(phase === 'unknown' ? 'the replica that owns the run serves nobody' : null);
    }
    expect(await listedAt(b)).toEqual(
      calls.map(({ phase, provider, why }) => ({ phase, provider, why })),
    );
  });
});

it('the relay answers no stranger, and a place holds no name but that of the line', async () => {
  await emulator.set({ outage: 'hang' });
  const at = await opening({ ceiling: 1 });
  const input = { steps: [ask] };
  for (const tenant of ['planted-tenant', 'planted-tenant', 'mine']) {
    const run = await at.heddle.start('script', { input, tenant, user: `${tenant}-user` });
    toClose.push(() => run.cancel());
    await eventually(async () => expect((await run.why()).waits[0]?.kind).toMatch(/slot|call/));
    if (tenant !== 'mine') continue;
    await eventually(async () => {
      const why = await run.why();
      expect(why.waits).toMatchObject([{ kind: 'slot', place: { length: 2, aheadOfSameUser: 0 } }]);
      expect(JSON.stringify(why)).not.toContain('planted');
    });
    const { runId, shard } = await run.row();
    const { status } = await at.ask('POST', '/v1/relay/runs', { runId, shard });
    expect(status).toBe(403);
    const phases = await at.ask('POST', '/v1/relay/phases', { runs: [{ runId, shard }] });
    expect(phases.status).toBe(403);
  }
});

it('a process without the charts infers publishers from the table of agents', async () => {
  const publisher = setup({ actors: { ...catalogue } }).createMachine({
    id: 'publisher',
    initial: 'idling',
    states: {
      idling: { on: { go: 'telling' } },
      telling: { invoke: { id: 'tell', src: 'publish', input: { channel: 'x', payload: 1 } } },
    },
  });
  const at = await opening({ agents: [script, publisher] });
  const receive: ScriptStep = { do: 'receive', with: { channel: 'x' } };
  const input = { steps: [receive] };
  const reader = await at.heddle.start('script', { input, pipeline: 'both' });
  const writer = await at.heddle.start('publisher', { pipeline: 'both' });
  toClose.push(() => Promise.all([reader.cancel(), writer.cancel()]));
  const outside = await (await openOutside()).heddle.run(reader.id);
  await eventually(async () => {
    const { chain } = await outside.why();
    expect(chain.hops).toMatchObject([{ runId: writer.id, canPublish: 'by-chart' }]);
  });
});
