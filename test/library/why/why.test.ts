/** Why a run is where it is: the chain of runs in its way, circles, and channels on which nobody can publish. */
import { setup } from 'xstate';
import { expect, it } from 'vitest';
import { catalogue, type HeddleOptions, type Why } from '../../../src/index.ts';
import { editor } from '../../../machines/agents/editor.ts';
import { evaluator } from '../../../machines/agents/evaluator.ts';
import { researcher } from '../../../machines/agents/researcher.ts';
import { oneReplica } from '../../support/replica.ts';
import { scriptedProvider } from '../../support/scripted-provider.ts';

type Named = { readonly from: string; readonly to: string };

/** Waits on one channel, then publishes on another. */
const relay = setup({
  types: { input: {} as Named, context: {} as Named },
  actors: { ...catalogue },
}).createMachine({
  id: 'relay',
  context: ({ input }) => input,
  initial: 'waiting',
  states: {
    waiting: {
      invoke: {
        id: 'wait',
        src: 'receive',
        input: ({ context }) => ({ channel: context.from }),
        onDone: 'telling',
      },
    },
    telling: {
      invoke: {
        id: 'tell',
        src: 'publish',
        input: ({ context }) => ({ channel: context.to, payload: null }),
        onDone: 'over',
      },
    },
    over: { type: 'final' },
  },
});

/** Waits on a channel, and can do nothing else. */
const sink = setup({ actors: { ...catalogue } }).createMachine({
  id: 'sink',
  initial: 'waiting',
  states: {
    waiting: { invoke: { id: 'wait', src: 'receive', input: { channel: 'sink' }, onDone: 'over' } },
    over: { type: 'final' },
  },
});

const mother = setup({ actors: { sink } }).createMachine({
  id: 'mother',
  initial: 'minding',
  states: { minding: { invoke: { id: 'kid', src: 'sink' } } },
});

/** Waits on a channel, and for a person who may let it publish. */
const either = setup({ actors: { ...catalogue } }).createMachine({
  id: 'either',
  type: 'parallel',
  states: {
    hearing: { invoke: { id: 'wait', src: 'receive', input: { channel: 'x' } } },
    asking: {
      initial: 'open',
      states: {
        open: { invoke: { id: 'ask', src: 'ask', input: { question: 'Now?' }, onDone: 'telling' } },
        telling: { invoke: { id: 'tell', src: 'publish', input: { channel: 'y', payload: 1 } } },
      },
    },
  },
});

const agents = [either, researcher, editor, evaluator, relay, sink, mother];

async function world(
  options: { readonly ceiling?: number; readonly settings?: HeddleOptions['settings'] } = {},
) {
  const provider = scriptedProvider({ ceiling: options.ceiling ?? 10 });
  const { settings = {} } = options;
  return { ...(await oneReplica({ providers: [provider], agents, settings })), provider };
}

const idsOf = ({ chain }: Why): readonly string[] => chain.hops.map(({ runId }) => runId);

it('follows a circuit from its evaluator to the call that stands in line', async () => {
  const { heddle, clock } = await world({ ceiling: 1 });
  const input = { circuit: 1 };
  await heddle.start('researcher', { input: { circuit: 0, question: 'why?' } });
  await clock.advance(100);
  const [one, two, three] = await heddle.startAll([
    { agent: 'researcher', input: { circuit: 1, question: 'why?' }, pipeline: 'c1' },
    { agent: 'editor', input, pipeline: 'c1' },
    { agent: 'evaluator', input, pipeline: 'c1' },
  ]);
  await clock.advance(100);
  const why = await three.why();
  expect(why.status).toBe('waiting-on-channel');
  expect(why.waits).toMatchObject([{ kind: 'channel', channels: ['editing-done/c1'] }]);
  expect(idsOf(why).toSorted()).toEqual([one.id, two.id].toSorted());
  const researching = why.chain.hops.find(({ runId }) => runId === one.id);
  expect(researching).toMatchObject({ as: 'publisher', canPublish: 'by-chart', depth: 1 });
  expect(researching?.waits).toMatchObject([
    { kind: 'slot', gates: [{ gate: 'scripted', status: 'open', inUse: 1, limit: 1 }] },
  ]);
  expect(why.words).toContain('editing-done/c1');
  expect(why.words).toContain('It is inferred');
  expect(why.chain.isCut).toBe(false);
  // The evaluator publishes nothing, so it stands in nobody's way.
  expect(idsOf(await two.why())).toEqual([one.id]);
});

it('names a circle', async () => {
  const { heddle, clock } = await world();
  const [a, b] = await heddle.startAll([
    { agent: 'relay', input: { from: 'x', to: 'y' }, pipeline: 'p' },
    { agent: 'relay', input: { from: 'y', to: 'x' }, pipeline: 'p' },
  ]);
  await clock.advance(100);
  const why = await a.why();
  expect(why.chain.circle).toEqual([a.id, b.id]);
  expect(why.words).toContain(`wait for one another: ${a.id}, ${b.id}`);
});

it('names a circle in which the run that was asked about does not stand', async () => {
  const { heddle, clock } = await world();
  const [asked, a, b] = await heddle.startAll([
    { agent: 'sink', pipeline: 'p' },
    { agent: 'relay', input: { from: 'x', to: 'y' }, pipeline: 'p' },
    { agent: 'relay', input: { from: 'y', to: 'x' }, pipeline: 'p' },
  ]);
  await clock.advance(100);
  const { chain, words } = await asked.why();
  expect(chain.circle.toSorted()).toEqual([a.id, b.id].toSorted());
  expect(words).toContain('wait for one another');
});

it('names no circle while the run that was asked about waits for something else too', async () => {
  const { heddle, clock } = await world();
  const [a, b] = await heddle.startAll([
    { agent: 'either', pipeline: 'p' },
    { agent: 'relay', input: { from: 'y', to: 'x' }, pipeline: 'p' },
  ]);
  await clock.advance(100);
  expect((await a.why()).waits.map(({ kind }) => kind).toSorted()).toEqual(['channel', 'person']);
  expect((await a.why()).chain.circle).toEqual([]);
  expect((await b.why()).chain.circle).toEqual([]);
});

it('does not say that nobody is open where not all open runs of the pipeline were looked at', async () => {
  const { heddle, clock } = await world();
  const early = await heddle.start('relay', { input: { from: 'x', to: 'sink' }, pipeline: 'wide' });
  const starts = Array.from({ length: 201 }, () => ({ agent: 'sink' as const, pipeline: 'wide' }));
  const waiting = (await heddle.startAll(starts)).at(-1);
  await clock.advance(500);
  expect(await early.status()).toBe('waiting-on-channel');
  const why = await waiting?.why();
  expect(why?.chain).toMatchObject({ hops: [], nobodyOpen: [], isCut: true });
});

it('names no circle while a run beside it may end it', async () => {
  const { heddle, clock } = await world();
  const [a, , c] = await heddle.startAll([
    { agent: 'relay', input: { from: 'x', to: 'y' }, pipeline: 'p' },
    { agent: 'relay', input: { from: 'y', to: 'x' }, pipeline: 'p' },
    { agent: 'researcher', input: { circuit: 1, question: 'why?' }, pipeline: 'p' },
  ]);
  await clock.advance(100);
  const why = await a.why();
  expect(why.chain.circle).toEqual([]);
  expect(why.words).toContain(`run ${c.id} (researcher), which is calling-provider`);
});

it('says that nobody open can publish any more, also of a child', async () => {
  const { heddle, clock } = await world();
  const run = await heddle.start('mother');
  await clock.advance(100);
  const why = await run.why();
  const [kid] = why.chain.hops;
  expect(kid).toMatchObject({ agent: 'sink', as: 'child', depth: 1, canPublish: null });
  // The mother could: her chart starts a child. But she waits for this very child.
  expect(why.chain.circle).toEqual([run.id, kid?.runId]);
  const alone = await heddle.start('sink');
  await clock.advance(100);
  const lonely = await alone.why();
  expect(lonely.chain).toMatchObject({
    hops: [],
    circle: [],
    nobodyOpen: [{ runId: alone.id, channels: ['sink'] }],
  });
  expect(lonely.words).toContain('Nobody open in the pipeline can publish on sink any more');
});

it('cuts a long chain', async () => {
  const { heddle, clock } = await world();
  const starts = Array.from({ length: 30 }, (_, i) => ({
    agent: 'relay' as const,
    input: { from: `c${i}`, to: `c${i + 1}` },
    pipeline: 'long',
  }));
  const runs = await heddle.startAll(starts);
  await clock.advance(200);
  const why = await runs[0]!.why();
  expect(why.chain.hops).toHaveLength(16);
  expect(why.chain.isCut).toBe(true);
});

it('tells the end of a run that has ended, and of one that has not begun', async () => {
  const { heddle, clock } = await world();
  const run = await heddle.start('sink');
  await clock.advance(100);
  await run.cancel('enough');
  await clock.advance(100);
  const why = await run.why();
  expect(why).toMatchObject({
    status: 'cancelled',
    waits: [],
    lastError: { code: 'run-cancelled' },
  });
  expect(why.words).toMatch(/^It has ended: cancelled, .*enough/);
  expect(why.sinceMs).toBe((await run.row()).endedAtMs);
});
