/** Every attempt of a provider call is kept: the answered one in the journal, all others beside it. */
import { describe, expect, it } from 'vitest';
import { oneTenant } from '../../../src/access/scopes.ts';
import type { Attempt, Run } from '../../../src/index.ts';
import { AttemptLog, attemptNote } from '../../../src/runtime/calls/attempt/attempt-log.ts';
import { asRunId } from '../../../src/domain/ids.ts';
import { folded } from '../../support/folded.ts';
import { askingRuns } from '../../support/asking-runs.ts';
import { oneReplica } from '../../support/replica.ts';
import { scriptedProvider } from '../../support/scripted-provider.ts';
import type { ScriptStep } from '../../support/script-agent.ts';

const ask: ScriptStep = { do: 'generate', with: { prompt: 'why?' } };

async function attemptsOf(run: Run): Promise<Attempt[]> {
  const attempts = [];
  for await (const attempt of run.attempts()) attempts.push(attempt);
  return attempts;
}

const shown = (attempts: readonly Attempt[]) =>
  attempts.map(({ how, attempt, turn }) => [how, attempt, turn]);

async function asking(count = 1) {
  const provider = scriptedProvider();
  const world = await oneReplica({ providers: [provider] });
  const run = await world.heddle.start('script', {
    input: { steps: Array.from({ length: count }, () => ask) },
  });
  await world.clock.idle();
  return { ...world, provider, run };
}

describe('the attempts of a call', () => {
  it('stand in order, with what each waited for, and the journal still folds (promise 10)', async () => {
    const { provider, clock, run, store } = await asking(2);
    const startedMs = clock.nowMs();
    await clock.advance(100);
    provider.last().fail('rate-limited', 30_000);
    await clock.advance(30_000);
    provider.last().fail('outage');
    await clock.advance(30_000);
    provider.last().answer('because');
    await clock.idle();
    provider.last().fail('caller');
    await clock.idle();
    const attempts = await attemptsOf(run);
    expect(shown(attempts)).toEqual([
      ['rate-limited', 1, 1],
      ['outage', 1, 1],
      ['answered', 2, 2],
      ['failed', 1, 3],
    ]);
    expect(attempts[0]).toMatchObject({
      provider: 'scripted',
      invocationId: 'generate',
      count: 1,
      waitMs: 30_000,
      sentAtMs: Math.round(startedMs),
      endedAtMs: Math.round(startedMs) + 100,
    });
    expect(attempts[1]?.fault).toContain('outage');
    expect((await run.row()).status).toBe('completed');
    expect(await folded(run)).toBe((await run.row()).chartText);
    // What a turn has taken stands in its journal, and nowhere else.
    const query = { runId: run.id, afterTurn: 0, afterSeq: null, limit: 9 };
    const rows = await store.attempts(oneTenant(run.tenant), query);
    expect(rows.map(({ how }) => how)).toEqual(['rate-limited', 'outage']);
  });

  it('that was cut, was too late, or was left say so', async () => {
    const provider = scriptedProvider();
    const cutting = {
      ...provider,
      call: (call: Parameters<typeof provider.call>[0]) => {
        if (call.attempt === 1) call.onText?.('bec');
        return provider.call(call);
      },
    };
    const { heddle, clock } = await oneReplica({ providers: [cutting] });
    const limited: ScriptStep = { do: 'generate', with: { prompt: '?', attemptTimeoutMs: 1_000 } };
    const run = await heddle.start('script', { input: { steps: [limited] } });
    await clock.idle();
    provider.last().fail('outage');
    await clock.advance(900);
    await clock.advance(1_500);
    await clock.advance(1_500);
    await run.cancel('enough');
    await clock.advance(1_000);
    // What has ended since the last batch goes with the next one.
    await heddle.start('script', { input: { steps: [] } });
    await clock.idle();
    const hows = (await attemptsOf(run)).map(({ how }) => how);
    expect(hows[0]).toBe('cut');
    expect(hows).toContain('timed-out');
    expect(hows.at(-1)).toMatch(/aborted|timed-out/);
  });

  it('whose answer comes with a cancel is kept, with what it has cost', async () => {
    const { commits, provider, replica, runs, world } = await askingRuns(1);
    const letGo = commits.hold(({ arrivals }) => arrivals.inbox.length > 0, 'answer');
    const cancelled = runs[0]?.cancel('now');
    await world.clock.idle();
    letGo();
    provider.last().answer('too late');
    await cancelled;
    await world.clock.idle();
    await replica.heddle.start('script', { input: { steps: [] } });
    await world.clock.idle();
    expect(await runs[0]?.status()).toBe('cancelled');
    const attempts = runs[0] === undefined ? [] : await attemptsOf(runs[0]);
    expect(attempts).toMatchObject([{ how: 'answered', attempt: 1 }]);
  });

  it('make no commit of their own', async () => {
    const { commits, provider, world } = await askingRuns(1);
    provider.last().fail('rate-limited', 30_000);
    await world.clock.advance(30_000);
    provider.last().answer('because');
    await world.clock.idle();
    const telling = commits.seen.filter(({ attempts }) => attempts !== undefined);
    expect(telling.map(({ attempts = [] }) => attempts.map(({ how }) => how))).toEqual([
      ['rate-limited'],
    ]);
    for (const { turns, slots, results } of telling) {
      expect(turns.length + slots.length + results.length).toBeGreaterThan(0);
    }
  });
});

describe('attempts that wait for a batch', () => {
  const call = (n: number) => ({
    tenant: 'acme',
    runId: asRunId(`aaaaaaaa-0000-7000-8000-${String(n).padStart(12, '0')}`),
    invocationId: 'generate',
    incarnation: 1,
    turn: 1,
  });
  const note = (how: 'outage' | 'rate-limited', atMs: number) =>
    attemptNote({ attempt: 1, provider: 'p' }, how, { sentAtMs: atMs, endedAtMs: atMs + 1 });

  it('are bounded: the oldest goes, and is counted', () => {
    const log = new AttemptLog({ max: 3, takenMax: 2 });
    for (let n = 1; n <= 5; n++) log.add(call(n), note('outage', n));
    expect([log.size, log.dropped]).toEqual([3, 2]);
    expect(log.take().map(({ sentAtMs }) => sentAtMs)).toEqual([3, 4]);
    expect(log.take().map(({ sentAtMs }) => sentAtMs)).toEqual([5]);
    expect(log.take()).toEqual([]);
  });

  it('of one call that is refused again and again within a second are one row', () => {
    const log = new AttemptLog();
    for (const atMs of [0, 400, 900, 1_200]) log.add(call(1), note('rate-limited', atMs));
    log.add(call(2), note('rate-limited', 900));
    expect(
      log.take().map(({ sentAtMs, endedAtMs, count }) => [sentAtMs, endedAtMs, count]),
    ).toEqual([
      [0, 901, 3],
      [1_200, 1_201, 1],
      [900, 901, 1],
    ]);
  });

  it('come back once when their batch failed', () => {
    const log = new AttemptLog();
    log.add(call(1), note('outage', 1));
    const taken = log.take();
    log.giveBack(taken);
    const again = log.take();
    expect(again).toEqual(taken);
    log.giveBack(again);
    expect([log.size, log.dropped]).toEqual([0, 1]);
  });
});
