/** Scopes: a caller of another tenant reads nothing of this one's and changes nothing of it. */
import { expect } from 'vitest';
import { oneTenant } from '../../../src/access/scopes.ts';
import {
  begin,
  endOf,
  memory,
  message,
  minute,
  question,
  tenant,
  turnOf,
  type Contract,
} from './fixture.ts';

export function scopesContract({ open, it }: Contract): void {
  it('the scope of another tenant sees nothing, and changes nothing', async () => {
    const bench = await begin(open);
    const { store } = bench;
    const run = await bench.started(1);
    const { runId } = run;
    await bench.turns(
      turnOf(run, 1, {
        conversation: [{ conversation: 'main', messageText: '"a"' }],
        openQuestions: [question(1)],
        setTimers: [{ timerId: 't', generation: 1, delayMs: minute }],
        evaluations: [
          {
            tenant,
            evaluationId: 'e',
            subjectRunId: runId,
            evaluatorRunId: runId,
            score: 1,
            rationale: 'r',
          },
        ],
        messages: [message('news', 'm1')],
        memory: [memory('k', 1)],
      }),
    );
    const own = oneTenant(tenant);
    const other = oneTenant('other');
    const group = { channel: 'news', group: 'g' };
    const user = { scope: 'user', owner: 'ann' } as const;
    const entry = { scope: 'user', owner: 'ann', key: 'k', version: null, history: 0 };
    const limits = { tokensMax: 1, microsMax: null, perDay: false };
    await store.setBudget(own, user, limits);
    const leased = await store.lease(own, { ...group, from: 'earliest', max: 9, leaseMs: minute });
    const seen = async (scope: typeof own) => ({
      run: await store.run(scope, runId),
      runs: await store.runs(scope, {
        statuses: null,
        agent: null,
        pipeline: null,
        beforeRunId: null,
        limit: 9,
      }),
      journal: await store.journal(scope, { runId, afterTurn: 0, limit: 9 }),
      conversation: await store.conversation(scope, { runId, conversation: 'main' }),
      timers: await store.timersOf(scope, { runId, limit: 9 }),
      questions: await store.questions(scope, { runId, limit: 9 }),
      openQuestions: await store.openQuestions(scope, {
        assignee: null,
        agent: null,
        olderThanMs: 0,
        after: null,
        limit: 9,
      }),
      evaluations: await store.evaluations(scope, { subjectRunId: runId, limit: 9 }),
      memory: (await store.memory(scope, entry)).versions,
      channels: await store.channels(scope, { prefix: '', after: null, limit: 9 }),
      groups: await store.groups(scope, { channel: 'news', after: null, limit: 9 }),
      entries: await store.memoryEntries(scope, {
        scope: 'user',
        owner: 'ann',
        prefix: '',
        after: null,
        limit: 9,
        valueCharsMax: 9,
      }),
      budget: await store.budget(scope, user),
      audited: Object.keys((await store.audit(scope)).runs),
    });
    const nothing = Object.fromEntries(
      Object.entries(await seen(own)).map(([name, value]) => {
        // What the own scope sees is something, or the comparison below proves nothing.
        expect(Array.isArray(value) ? value : [value], name).not.toEqual([]);
        return [name, Array.isArray(value) ? [] : null];
      }),
    );
    expect(await seen(other)).toEqual(nothing);
    // Not even if the request itself holds the tenant's name.
    const foreign = { runId, afterTurn: 0, limit: 9, tenant };
    expect(await store.journal(other, foreign)).toEqual([]);
    const tokens = leased.map(({ token }) => token);
    expect(await store.acknowledge(other, { ...group, tokens })).toEqual([false]);
    expect(await store.renewLeases(other, { ...group, tokens, leaseMs: 9 })).toEqual([false]);
    expect(await store.lease(other, { ...group, from: 'earliest', max: 9, leaseMs: 9 })).toEqual(
      [],
    );
    await store.setBudget(other, user, { ...limits, tokensMax: 9 });
    expect(await store.budget(own, user)).toMatchObject({ tokensMax: 1 });
    expect(await store.acknowledge(own, { ...group, tokens })).toEqual([true]);
    await bench.turns(endOf(run, 2));
    expect((await store.run(own, runId))?.status).toBe('completed');
  });
}
