/** A run's journal is every event that it took, in order; folded again it gives the state (promise 10). */
import { describe, expect, it } from 'vitest';
import { createMachine, sendTo, setup } from 'xstate';
import { oneTenant } from '../../../src/access/scopes.ts';
import type { JournalEntry, Json, Run } from '../../../src/index.ts';
import { folded } from '../../support/folded.ts';
import { oneReplica, type World } from '../../support/replica.ts';
import type { ScriptStep } from '../../support/script-agent.ts';
import { scriptedProvider } from '../../support/scripted-provider.ts';

async function journalOf(run: Run): Promise<{ turn: number; entry: JournalEntry }[]> {
  const lines = [];
  for await (const line of run.journal()) lines.push(line);
  return lines;
}

/** One of everything that a run can take, with people, time and the provider played by the test. */
const steps: readonly ScriptStep[] = [
  { do: 'publish', with: { channel: 'a', payload: { deep: [1, null, 'ü💡'] } } },
  { do: 'receive', with: { channel: 'a' } },
  { do: 'receive', with: { channel: '', timeoutMs: 1 } },
  { do: 'remember', with: { scope: 'run', key: 'k', value: 0.1 } },
  { do: 'recall', with: { scope: 'run', key: 'k', history: 1 } },
  { do: 'generate', with: { prompt: 'why?' } },
  { do: 'sleep', ms: 1_000 },
  { do: 'receive', with: { channel: 'b', timeoutMs: 500 } },
  { do: 'wait' },
  { do: 'ask', with: { question: 'Go on?' } },
  { do: 'forget', with: { scope: 'run', key: 'k' } },
];

async function play(world: World, run: Run, answer: () => void): Promise<void> {
  const { clock } = world;
  await clock.idle();
  await run.pause('a moment');
  await clock.idle();
  answer();
  await clock.idle();
  await run.resume('go on');
  await clock.advance(1_000);
  await clock.advance(500);
  await run.send({ type: 'go', n: 1 });
  await clock.idle();
  await run.answer('ask', { yes: true });
  await clock.idle();
}

describe('the journal', () => {
  it('folded through the chart gives the snapshot, byte for byte (promise 10)', async () => {
    const provider = scriptedProvider();
    const world = await oneReplica({ providers: [provider] });
    const run = await world.heddle.start('script', { input: { steps } });
    await play(world, run, () => provider.last().answer('because'));
    const row = await run.row();
    expect(row.status).toBe('completed');
    expect(await folded(run)).toBe(row.chartText);
    expect((await run.output()) as Json[]).toHaveLength(steps.length);
  });

  it('holds every event in the order in which it was taken, by dense turns', async () => {
    const provider = scriptedProvider();
    const world = await oneReplica({ providers: [provider] });
    const run = await world.heddle.start('script', { input: { steps } });
    await play(world, run, () => provider.last().answer('because'));
    const lines = await journalOf(run);
    expect(
      lines.map(({ entry }) => ('id' in entry ? `${entry.kind} ${entry.id}` : entry.kind)),
    ).toEqual(
      [
        'start',
        'done publish',
        'failed receive',
        'done remember',
        'done recall',
        'pause',
        'resume',
        'done generate',
        expect.stringMatching(/^timer after:/),
        'failed receive',
        'event',
        'done ask',
        'done forget',
      ].flatMap((line) => (line === 'done publish' ? [line, 'done receive'] : [line])),
    );
    const turns = [...new Set(lines.map(({ turn }) => turn))];
    expect(turns).toEqual([...turns].sort((a, b) => a - b));
    expect((await world.store.audit(oneTenant('default'))).journalGaps).toBe(0);
  });

  it('says of each turn when it committed and which status it left', async () => {
    const world = await oneReplica();
    const waits = [{ do: 'wait' }, { do: 'sleep', ms: 1_000 }];
    const run = await world.heddle.start('script', { input: { steps: waits } });
    await world.clock.idle();
    await run.pause('a moment');
    await world.clock.idle();
    await run.resume('go on');
    await run.send({ type: 'go' });
    await world.clock.idle();
    await world.clock.advance(1_000);
    const lines = [];
    for await (const line of run.journal()) lines.push(line);
    const row = await run.row();
    expect(lines.map(({ entry, status }) => [entry.kind, status])).toEqual([
      ['start', 'waiting-on-person'],
      ['pause', 'paused'],
      ['resume', 'waiting-on-person'],
      ['event', 'waiting-on-timer'],
      ['timer', 'completed'],
    ]);
    expect(lines.at(-1)?.atMs).toBe(row.endedAtMs);
    expect((lines.at(-1)?.atMs ?? 0) - (lines.at(-2)?.atMs ?? 0)).toBeGreaterThanOrEqual(1_000);
  });

  it('is read to its end however long it is', async () => {
    const { heddle } = await oneReplica();
    const count = 450;
    const waits = Array.from({ length: count }, () => ({ do: 'wait' }));
    const run = await heddle.start('script', { input: { steps: waits } });
    for (let n = 0; n < count; n++) await run.send({ type: 'go', n });
    await run.output();
    const events = (await journalOf(run)).flatMap(({ entry }) =>
      entry.kind === 'event' ? [entry.event['n']] : [],
    );
    expect(events).toEqual(Array.from({ length: count }, (_, n) => n));
    expect(await folded(run)).toBe((await run.row()).chartText);
  });

  it('says of each turn which build took it', async () => {
    const { heddle, clock, runtime } = await oneReplica();
    const run = await heddle.start('script', { input: { steps: [{ do: 'wait' }] } });
    await clock.idle();
    await run.send({ type: 'go' });
    await clock.idle();
    const { build } = runtime.agents.newest('script');
    const lines = await journalOf(run);
    expect(lines).toHaveLength(2);
    for (const line of lines) expect(line).toMatchObject({ build });
  });

  it('of a cancelled run ends with the cancel, and its state is that of before', async () => {
    const { heddle, clock } = await oneReplica();
    const run = await heddle.start('script', { input: { steps: [{ do: 'wait' }] } });
    await clock.idle();
    await run.cancel('enough');
    await clock.idle();
    expect((await journalOf(run)).at(-1)).toMatchObject({
      entry: { kind: 'cancel', reason: 'enough' },
    });
    expect(await folded(run)).toBe((await run.row()).chartText);
  });

  it('marks an event that no state took, and no other', async () => {
    const door = createMachine({
      id: 'door',
      initial: 'shut',
      states: {
        shut: {
          on: { OPEN: 'open', KNOCK: { guard: () => false } },
          after: { 500: { guard: () => false } },
        },
        open: { on: { 'DRAUGHT.*': {} }, entry: sendTo(({ self }) => self, { type: 'NOBODY' }) },
      },
    });
    const { heddle, clock } = await oneReplica({ agents: [door] });
    const run = await heddle.start('door');
    await clock.advance(500);
    for (const type of ['KNOCK', 'OPEN', 'OPEN', 'DRAUGHT.cold', 'CLOSE']) await run.send({ type });
    await clock.idle();
    const entries = (await journalOf(run)).map(({ entry }) => entry);
    expect(entries).toEqual([
      { kind: 'start' },
      { kind: 'timer', id: 'after:500:door.shut', generation: 1 },
      { kind: 'event', by: 'library', event: { type: 'KNOCK' }, handled: false },
      { kind: 'event', by: 'library', event: { type: 'OPEN' } },
      { kind: 'event', by: 'library', event: { type: 'OPEN' }, handled: false },
      { kind: 'event', by: 'library', event: { type: 'DRAUGHT.cold' } },
      { kind: 'event', by: 'library', event: { type: 'CLOSE' }, handled: false },
    ]);
    expect(await folded(run, door)).toBe((await run.row()).chartText);
  });

  it('marks what a child was told by its parent and does not take', async () => {
    const kid = createMachine({ id: 'kid', on: { HEARD: {} } });
    const parent = setup({ actors: { kid } }).createMachine({
      id: 'parent',
      invoke: { id: 'kid', src: 'kid', onError: {} },
      entry: [sendTo('kid', { type: 'HEARD' }), sendTo('kid', { type: 'MISHEARD' })],
    });
    const { heddle, clock } = await oneReplica({ agents: [kid, parent] });
    await heddle.start('parent');
    await clock.idle();
    const [row] = await heddle.runs({ agent: 'kid' });
    const entries = await journalOf(await heddle.run(row?.runId ?? ''));
    expect(entries.map(({ entry }) => entry)).toEqual([
      { kind: 'start' },
      { kind: 'event', event: { type: 'HEARD' } },
      { kind: 'event', event: { type: 'MISHEARD' }, handled: false },
    ]);
  });
});
