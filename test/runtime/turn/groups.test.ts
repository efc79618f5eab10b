/** Runs that share the messages of a channel: each message to one of them, in order (promise 2). */
import { describe, expect, it } from 'vitest';
import { oneTenant } from '../../../src/access/scopes.ts';
import type { Run } from '../../../src/index.ts';
import { oneReplica } from '../../support/replica.ts';
import type { ScriptStep } from '../../support/script-agent.ts';

const take = (max = 1): ScriptStep => ({
  do: 'receive',
  with: { channel: 'jobs', group: 'workers', max },
});

type Output = { readonly done: { readonly messages: readonly { readonly seq: number }[] } }[];

async function seqsOf(run: Run): Promise<number[]> {
  const output = (await run.output()) as unknown as Output;
  return output.flatMap(({ done }) => done.messages.map(({ seq }) => seq));
}

async function group(members: number, steps: readonly ScriptStep[]) {
  const world = await oneReplica();
  const runs: Run[] = [];
  for (let i = 0; i < members; i++) {
    runs.push(await world.heddle.start('script', { input: { steps } }));
  }
  return { ...world, runs };
}

describe('a group', () => {
  it('gives each message to one member, with fewer messages than members', async () => {
    const { runs, heddle, clock, store } = await group(8, [take()]);
    for (let i = 0; i < 5; i++) await heddle.publish('jobs', i);
    await clock.idle();
    const ended = [];
    for (const run of runs) if ((await run.status()) === 'completed') ended.push(run);
    expect(ended).toHaveLength(5);
    const taken = (await Promise.all(ended.map(seqsOf))).flat();
    expect(taken.sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5]);
    for (let i = 0; i < 3; i++) await heddle.publish('jobs', i);
    for (const run of runs) await run.output();
    expect(await store.audit(oneTenant('default'))).toMatchObject({
      doubledMessages: 0,
      unconsumedMessages: 0,
    });
  });

  it('takes all, with fewer members than messages', async () => {
    const { runs, heddle, store } = await group(
      3,
      Array.from({ length: 10 }, () => take()),
    );
    await Promise.all(Array.from({ length: 30 }, (_, i) => heddle.publish('jobs', i)));
    const taken = await Promise.all(runs.map(seqsOf));
    for (const seqs of taken) expect(seqs).toEqual([...seqs].sort((a, b) => a - b));
    expect(taken.flat().sort((a, b) => a - b)).toEqual(Array.from({ length: 30 }, (_, i) => i + 1));
    expect(await store.audit(oneTenant('default'))).toMatchObject({
      doubledMessages: 0,
      unconsumedMessages: 0,
    });
  });

  it('finds what was there before its members', async () => {
    const world = await oneReplica();
    for (let i = 0; i < 20; i++) await world.heddle.publish('jobs', i);
    const starts = Array.from({ length: 10 }, () => ({
      agent: 'script',
      input: { steps: [take(), take()] },
    }));
    const runs = await world.heddle.startAll(starts);
    const taken = (await Promise.all(runs.map(seqsOf))).flat();
    expect(taken.sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
  });

  it('lets one member take several in a row within one turn', async () => {
    const world = await oneReplica();
    for (let i = 0; i < 6; i++) await world.heddle.publish('jobs', i);
    const steps = [take(2), take(1), take(3)];
    const run = await world.heddle.start('script', { input: { steps } });
    expect(await seqsOf(run)).toEqual([1, 2, 3, 4, 5, 6]);
    expect((await run.row()).turn).toBe(1);
    expect((await world.store.audit(oneTenant('default'))).doubledMessages).toBe(0);
  });

  it('of many members takes many messages in few commits', async () => {
    const { runs, heddle, clock, store } = await group(100, [take()]);
    await clock.idle();
    const before = await store.activity();
    await Promise.all(Array.from({ length: 100 }, (_, i) => heddle.publish('jobs', i)));
    for (const run of runs) await run.output();
    const { transactions } = await store.activity();
    expect(transactions - before.transactions).toBeLessThan(20);
  });

  it('waits in the second receive after the first took everything', async () => {
    const { runs, heddle, clock } = await group(1, [take(), take()]);
    await heddle.publish('jobs', 1);
    await clock.idle();
    expect(await runs[0]?.status()).toBe('waiting-on-channel');
    await heddle.publish('jobs', 2);
    expect(await seqsOf(runs[0] as Run)).toEqual([1, 2]);
  });

  it('gives the message of a member that was cancelled to another', async () => {
    const { runs, heddle, clock } = await group(2, [take()]);
    await clock.idle();
    // The wake-up and the cancel meet in one turn: the cancel wins and the message stays.
    const published = heddle.publish('jobs', 'x');
    const cancelled = runs[0]?.cancel('gone');
    await Promise.all([published, cancelled]);
    await clock.advance(5_000);
    expect(await runs[0]?.status()).toBe('cancelled');
    expect(await seqsOf(runs[1] as Run)).toEqual([1]);
  });

  it('is a reader of its own beside other groups and runs outside groups', async () => {
    const world = await oneReplica();
    await world.heddle.publish('jobs', 'x');
    const receives: ScriptStep[] = [
      take(),
      { do: 'receive', with: { channel: 'jobs', group: 'others' } },
      { do: 'receive', with: { channel: 'jobs' } },
    ];
    for (const step of receives) {
      const run = await world.heddle.start('script', { input: { steps: [step] } });
      expect(await seqsOf(run)).toEqual([1]);
    }
  });

  it('takes over several channels at once', async () => {
    const step: ScriptStep = {
      do: 'receive',
      with: { channels: ['a', 'b'], group: 'workers', until: { atLeast: 2 } },
    };
    const { runs, heddle, store } = await group(4, [step]);
    for (let i = 0; i < 4; i++) for (const channel of ['a', 'b']) await heddle.publish(channel, i);
    for (const run of runs) expect(await seqsOf(run)).toHaveLength(2);
    expect(await store.audit(oneTenant('default'))).toMatchObject({
      doubledMessages: 0,
      unconsumedMessages: 0,
    });
  });
});
