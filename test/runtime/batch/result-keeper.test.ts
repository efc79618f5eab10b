/** Results that are kept before their turns: which, how many together, and that each is taken once. */
import { describe, expect, it } from 'vitest';
import { oneTenant } from '../../../src/access/scopes.ts';
import { capacityDefaults, type CapacityChanges } from '../../../src/domain/capacity-settings.ts';
import type { RuntimeSettings } from '../../../src/runtime/settings.ts';
import { oneReplica } from '../../support/replica.ts';
import type { ScriptStep } from '../../support/script-agent.ts';
import { scriptedProvider } from '../../support/scripted-provider.ts';
import { hasTurns, isKeeping, watchedCommits } from '../../support/watched-commits.ts';

const afterMs = 20;
const ask = (n: number): ScriptStep => ({ do: 'generate', with: { prompt: `${n}` } });
const wait: ScriptStep = { do: 'wait' };

type Options = {
  readonly keeping?: CapacityChanges['keeping'];
  readonly settings?: Partial<RuntimeSettings>;
  readonly ceiling?: number;
  readonly tookMs?: number;
};

/** So many runs ask, and then wait for an event; their calls have been under way for `tookMs`. */
async function asking(count: number, options: Options = {}) {
  const { keeping = {}, settings = {}, ceiling = 100, tookMs = afterMs } = options;
  const commits = watchedCommits();
  const provider = scriptedProvider({ ceiling });
  const world = await oneReplica({
    providers: [provider],
    between: commits.between,
    keeping,
    settings,
  });
  const runs = await world.heddle.startAll(
    Array.from({ length: count }, (_, n) => ({
      agent: 'script',
      input: { steps: [ask(n), wait] },
    })),
  );
  await world.clock.advance(tookMs);
  commits.seen.length = 0;
  const answer = (...which: readonly number[]): void => {
    for (const n of which) provider.calls[n]?.answer(`to ${n}`);
  };
  const inbox = () => world.store.database.tables.inbox.all();
  const ids = runs.map(({ id }) => id);
  /** Each run has the answer to its own question, from one call, and nothing is left of it. */
  const allHaveTheirs = async (): Promise<void> => {
    for (const run of runs) await run.send({ type: 'go' });
    for (const [n, run] of runs.entries()) {
      expect(await run.output()).toMatchObject([{ done: { text: `to ${n}` } }, { done: {} }]);
    }
    expect(provider.calls).toHaveLength(count);
    await world.clock.idle();
    expect(await world.store.providerTotals()).toMatchObject([{ calls: count, duplicates: 0 }]);
    expect(inbox()).toEqual([]);
    expect(await world.store.audit(oneTenant('default'))).toMatchObject({
      slotsInUse: 0,
      journalGaps: 0,
    });
  };
  return { ...world, commits, provider, runs, ids, answer, inbox, allHaveTheirs };
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

describe('results that end together', () => {
  it('go straight to their turns when they are few', async () => {
    const { answer, clock, commits, allHaveTheirs } = await asking(16);
    answer(...upTo(16));
    await clock.idle();
    expect(commits.kept()).toEqual([]);
    expect(commits.seen[0]?.turns).toHaveLength(16);
    await allHaveTheirs();
  });

  it('are kept first, all in one commit without a turn, when they are more', async () => {
    const { answer, clock, commits, ids, inbox, allHaveTheirs } = await asking(17);
    const letGo = commits.hold(hasTurns);
    answer(...upTo(17));
    await clock.idle();
    expect(commits.kept()).toEqual([ids]);
    expect(commits.seen[0]?.turns).toEqual([]);
    expect(inbox().map(({ kind, runId }) => [kind, runId])).toEqual(
      ids.map((id) => ['result', id]),
    );
    letGo();
    await clock.idle();
    expect(inbox()).toEqual([]);
    await allHaveTheirs();
  });

  it('are kept, be it one alone, when no batch can begin', async () => {
    const { answer, clock, commits, heddle, ids, allHaveTheirs } = await asking(1, {
      settings: { batchesMax: 1 },
    });
    const letGo = commits.hold(({ arrivals }) => arrivals.messages.length > 0);
    const publishing = heddle.publish('news', 1);
    await clock.idle();
    answer(0);
    await clock.idle();
    expect(commits.kept()).toEqual([ids]);
    letGo();
    await publishing;
    await allHaveTheirs();
  });

  it('are kept, be it one alone, while a call waits for a slot that lasts: it goes out before the turn', async () => {
    const { answer, clock, commits, ids, provider } = await asking(2, {
      ceiling: 1,
      tookMs: 100,
    });
    expect(provider.calls).toHaveLength(1);
    const letGo = commits.hold(hasTurns);
    answer(0);
    await clock.idle();
    expect(commits.kept()).toEqual([[ids[0]]]);
    expect(provider.calls).toHaveLength(2);
    letGo();
    await clock.idle();
  });

  it('hold turns back while more calls wait than are under way, for a bounded time', async () => {
    const holdMsMax = 50;
    const options = { ceiling: 2, tookMs: 100, keeping: { holdMsMax } };
    const { answer, clock, commits, heddle } = await asking(9, options);
    const letGo = commits.hold(isKeeping, 'answer');
    answer(0);
    await clock.idle();
    const turns = () => commits.seen.filter(hasTurns).length;
    const starting = heddle.start('script', { input: { steps: [wait] } });
    await clock.idle();
    expect(turns()).toBe(0);
    await clock.advance(holdMsMax);
    void heddle.start('script', { input: { steps: [wait] } });
    await clock.idle();
    expect(turns()).toBe(1);
    await starting;
    letGo();
    await clock.idle();
  });

  it('go straight to their turns though a call waits, when calls do not last', async () => {
    const { answer, clock, commits } = await asking(2, { ceiling: 1, tookMs: 99 });
    answer(0);
    await clock.idle();
    expect(commits.kept()).toEqual([]);
  });

  it.each([
    ['no call waits', 17, 17],
    ['fewer calls wait than are under way', 17, 12],
  ])('hold nothing back when %s', async (_, count, ceiling) => {
    const options = { ceiling, tookMs: 100, keeping: { directMax: 0 } };
    const { answer, clock, commits, heddle } = await asking(count, options);
    const letGo = commits.hold(isKeeping, 'answer');
    answer(0);
    await clock.idle();
    await heddle.start('script', { input: { steps: [wait] } });
    expect(commits.seen.filter(hasTurns)).toHaveLength(1);
    letGo();
    await clock.idle();
  });

  it('are never kept when their calls were too quick to be worth it', async () => {
    const quick = await asking(40, { tookMs: afterMs - 1 });
    quick.answer(...upTo(40));
    await quick.clock.idle();
    expect(quick.commits.kept()).toEqual([]);
    await quick.allHaveTheirs();
    const slower = await asking(2, { tookMs: 50, keeping: { afterMs: 51, directMax: 0 } });
    slower.answer(0);
    await slower.clock.advance(1);
    expect(slower.commits.kept()).toEqual([]);
    slower.answer(1);
    await slower.clock.idle();
    expect(slower.commits.kept()).toEqual([[slower.ids[1]]]);
    await slower.allHaveTheirs();
  });
});

describe('commits that keep', () => {
  it('are one at a time: what ends meanwhile goes together into the next', async () => {
    const { answer, clock, commits, ids, allHaveTheirs } = await asking(6, {
      keeping: { directMax: 0 },
    });
    const letGo = commits.hold(isKeeping);
    for (const n of upTo(6)) {
      answer(n);
      await clock.idle();
    }
    expect(commits.kept()).toEqual([ids.slice(0, 1)]);
    letGo();
    await clock.idle();
    expect(commits.kept()).toEqual([ids.slice(0, 1), ids.slice(1)]);
    await allHaveTheirs();
  });

  it('hold so many results at most, and the rest follows', async () => {
    const { answer, clock, commits, ids, allHaveTheirs } = await asking(8, {
      keeping: { directMax: 0, keptMax: 3 },
    });
    answer(...upTo(8));
    await clock.idle();
    expect(commits.kept()).toEqual([ids.slice(0, 3), ids.slice(3, 6), ids.slice(6)]);
    await allHaveTheirs();
  });

  it('give the slots to the next calls, long before the turns', async () => {
    const { answer, clock, commits, provider, runtime, allHaveTheirs } = await asking(8, {
      keeping: { directMax: 3 },
      ceiling: 4,
    });
    expect(provider.calls).toHaveLength(4);
    const letGo = commits.hold(hasTurns);
    answer(...upTo(4));
    await clock.idle();
    expect(provider.calls).toHaveLength(8);
    expect(runtime.stats().pool).toMatchObject({ inFlight: 4, queued: 0 });
    letGo();
    await clock.idle();
    answer(4, 5, 6, 7);
    await clock.idle();
    await allHaveTheirs();
  });
});

describe('a result that is kept', () => {
  const always = { keeping: { directMax: 0 } };

  it('is taken once when its row is read together with it', async () => {
    const { answer, clock, commits, runs, allHaveTheirs } = await asking(1, {
      ...always,
      settings: { batchesMax: 1 },
    });
    const letGo = commits.hold(({ arrivals }) => arrivals.inbox.length > 0);
    const sending = runs[0]?.send({ type: 'noise' });
    await clock.idle();
    answer(0);
    await clock.idle();
    expect(commits.kept()).toHaveLength(1);
    letGo();
    await sending;
    await allHaveTheirs();
    const turns = commits.seen.flatMap((batch) => batch.turns);
    const taken = turns.flatMap((turn) => turn.takenResults);
    expect(taken).toEqual(['result:generate:1']);
    expect(turns.flatMap((turn) => turn.takenInbox)).toHaveLength(2);
  });

  it('while its run is paused waits as its row, and is taken on resume', async () => {
    const { answer, clock, commits, inbox, runs, allHaveTheirs } = await asking(1, always);
    await runs[0]?.pause();
    await clock.idle();
    answer(0);
    await clock.idle();
    expect(commits.kept()).toHaveLength(1);
    expect(inbox()).toHaveLength(1);
    await runs[0]?.resume();
    await clock.idle();
    expect(inbox()).toEqual([]);
    await allHaveTheirs();
  });

  it('is not bought again by a turn that was under way without it', async () => {
    const { answer, clock, commits, runs, provider, allHaveTheirs } = await asking(1, always);
    const letGo = commits.hold(hasTurns);
    await runs[0]?.send({ type: 'noise' });
    await clock.idle();
    answer(0);
    await clock.idle();
    expect(commits.kept()).toHaveLength(1);
    letGo();
    await clock.idle();
    expect(provider.calls).toHaveLength(1);
    await allHaveTheirs();
  });
});

describe('slots that time alone frees', () => {
  it('are given in a small commit while a batch of turns is under way', async () => {
    const commits = watchedCommits();
    const provider = scriptedProvider({ ceiling: 10, startsAt: 1 });
    const settings = { batchesMax: 1 };
    const { clock, heddle } = await oneReplica({
      providers: [provider],
      between: commits.between,
      settings,
    });
    const steps = [ask(0), wait];
    await heddle.startAll(upTo(3).map(() => ({ agent: 'script', input: { steps } })));
    await clock.idle();
    expect(provider.calls).toHaveLength(1);
    const letGo = commits.hold(hasTurns);
    const starting = heddle.start('script', { input: { steps: [wait] } });
    await clock.idle();
    await clock.advance(capacityDefaults.learning.rampStepMsMin);
    expect(provider.calls).toHaveLength(2);
    letGo();
    await starting;
  });
});
