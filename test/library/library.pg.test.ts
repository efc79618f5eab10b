/** What a newcomer does with the library, on a real Postgres: every actor of the catalogue, once. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { oneTenant } from '../../src/access/scopes.ts';
import { editor } from '../../machines/agents/editor.ts';
import { evaluator } from '../../machines/agents/evaluator.ts';
import { researcher } from '../../machines/agents/researcher.ts';
import type { Heddle, Json, Run } from '../../src/index.ts';
import { folded } from '../support/folded.ts';
import { eventually, openHeddle } from '../support/heddle.ts';
import { testDatabase } from '../support/postgres.ts';
import { script, type ScriptStep } from '../support/script-agent.ts';
import { scriptedProvider } from '../support/scripted-provider.ts';

const url = await testDatabase();
let heddle: Heddle;
const provider = scriptedProvider({
  onCall: (call) => {
    if (call.prompt === 'never') return;
    if (call.prompt === 'bad') call.fail('caller');
    else if (call.prompt === 'busy' && Math.random() < 0.5) call.fail('rate-limited', 50);
    else call.answer(call.prompt.includes('"score"') ? '{"score":0.5,"rationale":"half"}' : 'text');
  },
});

beforeAll(async () => {
  const agents = [script, researcher, editor, evaluator];
  ({ heddle } = await openHeddle(url, { agents, providers: [provider] }));
});
afterAll(() => heddle.close());

const play = (steps: readonly ScriptStep[], options: object = {}): Promise<Run> =>
  heddle.start('script', { input: { steps }, ...options });

describe('on Postgres', () => {
  it('twenty circuits end, and their audit is clean', async () => {
    const tenant = 'circuits';
    const runs = await Promise.all(
      Array.from({ length: 20 }, (_, circuit) =>
        heddle.startAll(
          ['evaluator', 'editor', 'researcher'].map((agent) => ({
            agent,
            tenant,
            pipeline: `c${circuit}`,
            user: `u${circuit % 3}`,
            input: { circuit, question: 'why?' },
          })),
        ),
      ),
    );
    for (const run of runs.flat()) await run.output({ timeoutMs: 15_000 });
    expect(await heddle.runtime.store.audit(oneTenant(tenant))).toMatchObject({
      runs: { completed: 60 },
      channels: 40,
      messages: 40,
      subscriptions: { delivered: 40 },
      memoryEntries: 40,
      memoryVersions: 60,
      evaluations: 20,
      unconsumedMessages: 0,
      doubledMessages: 0,
      channelGaps: 0,
      memoryGaps: 0,
      journalGaps: 0,
      doubledEvaluations: 0,
      orphanedSubscriptions: 0,
      slotsInUse: 0,
    });
  });

  it('every actor of the catalogue does its work', async () => {
    const judged = await play([]);
    const run = await play([
      { do: 'generate', with: { prompt: 'why?' } },
      { do: 'generate', with: { prompt: 'bad' } },
      { do: 'generate', with: { prompt: 'busy' } },
      { do: 'publish', with: { channel: 'a', payload: { text: 'ü💡', n: 0.1 } } },
      { do: 'receive', with: { channel: 'a', group: 'g' } },
      { do: 'receive', with: { channel: 'b', timeoutMs: 50 } },
      { do: 'remember', with: { scope: 'run', key: 'k', value: { a: 1 } } },
      { do: 'remember', with: { scope: 'run', key: 'k', value: { b: 2 }, merge: true } },
      { do: 'recall', with: { scope: 'run', key: 'k', history: 5 } },
      { do: 'forget', with: { scope: 'run', key: 'k' } },
      { do: 'evaluate', with: { runId: judged.id, score: 1, rationale: 'fine' } },
      { do: 'sleep', ms: 20 },
      { do: 'ask', with: { question: 'Go on?', schema: { type: 'boolean' } } },
      { do: 'wait' },
    ]);
    await eventually(async () => expect(await run.questions()).toHaveLength(1));
    await expect(run.answer('ask', 'yes')).rejects.toMatchObject({ code: 'answer-invalid' });
    await run.answer('ask', true);
    await run.send({ type: 'go' });
    expect(await run.output()).toMatchObject([
      { done: { text: 'text' } },
      { failed: { code: 'provider-refused' } },
      { done: { text: 'text' } },
      { done: { channel: 'a' } },
      { done: { messages: [{ seq: 1, payload: { text: 'ü💡', n: 0.1 } }] } },
      { failed: { code: 'invocation-timeout' } },
      { done: { version: 1 } },
      { done: { version: 2 } },
      { done: { value: { a: 1, b: 2 }, history: [{ version: 1, value: { a: 1 } }] } },
      { done: { version: 3 } },
      { done: {} },
      { done: null },
      { done: { answer: true } },
      { done: { type: 'go' } },
    ]);
    expect(await heddle.evaluations(judged.id)).toMatchObject([
      { score: 1, evaluatorRunId: run.id },
    ]);
    expect(await folded(run)).toBe((await run.row()).chartText);
  });

  it('a group shares sixty messages among forty members, each once', async () => {
    const take: ScriptStep = { do: 'receive', with: { channel: 'jobs', group: 'workers' } };
    const members = Array.from({ length: 40 }, (_, i) => ({
      agent: 'script',
      tenant: 'group',
      input: { steps: i < 20 ? [take, take] : [take] } as unknown as Json,
    }));
    const runs = await heddle.startAll(members);
    const sent = Array.from({ length: 60 }, (_, n) =>
      heddle.publish('jobs', n, { tenant: 'group' }),
    );
    await Promise.all(sent);
    const outputs = await Promise.all(runs.map((run) => run.output({ timeoutMs: 15_000 })));
    type Output = { readonly done: { readonly messages: readonly { readonly seq: number }[] } }[];
    const seqs = (outputs as unknown as Output[]).flat().flatMap(({ done }) => done.messages);
    expect(seqs.map(({ seq }) => seq).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 60 }, (_, i) => i + 1),
    );
  });

  it('fifty runs write one key, and every write is a version', async () => {
    const steps: ScriptStep[] = [
      { do: 'remember', with: { scope: 'tenant', key: 'k', value: 1 } },
      { do: 'remember', with: { scope: 'tenant', key: 'once', value: 1, expectedVersion: 0 } },
    ];
    const runs = await heddle.startAll(
      Array.from({ length: 50 }, () => ({ agent: 'script', tenant: 'race', input: { steps } })),
    );
    const outputs = await Promise.all(runs.map((run) => run.output({ timeoutMs: 15_000 })));
    const won = (outputs as unknown as object[][]).filter(([, once]) => 'done' in (once ?? {}));
    expect(won).toHaveLength(1);
    const { version } = await heddle.recall({ scope: 'tenant', tenant: 'race' }, 'k');
    expect(version).toBe(50);
  });

  it('pause, resume and cancel', async () => {
    const run = await play([{ do: 'generate', with: { prompt: 'never' } }]);
    await eventually(async () => expect(await run.status()).toBe('calling-provider'));
    await run.pause('lunch');
    await eventually(async () =>
      expect(await run.row()).toMatchObject({ status: 'paused', reason: 'lunch' }),
    );
    for (let n = 0; n < 130; n++) await run.send({ type: 'noise', n });
    await run.resume();
    await eventually(async () => expect(await run.status()).toBe('calling-provider'));
    await run.cancel('enough');
    await expect(run.output()).rejects.toMatchObject({ code: 'run-cancelled' });
    await expect(run.send({ type: 'go' })).rejects.toMatchObject({ code: 'run-ended' });
    await eventually(async () =>
      expect((await heddle.runtime.store.audit(oneTenant('default'))).slotsInUse).toBe(0),
    );
  });

  it('one idempotency key, one run', async () => {
    const options = { input: { steps: [] }, idempotencyKey: 'order' };
    const runs = await Promise.all([1, 2, 3, 4].map(() => heddle.start('script', options)));
    expect(new Set(runs.map(({ id }) => id)).size).toBe(1);
    expect(await runs[3]?.output()).toEqual([]);
  });

  it('delays of messages, leases and acknowledgements', async () => {
    await heddle.publish('later', 'x', { delayMs: 100 });
    expect(await heddle.receive('later', { group: 'g' })).toEqual([]);
    await eventually(async () => {
      const [message] = await heddle.receive('later', { group: 'g', leaseMs: 60_000 });
      expect(message).toMatchObject({ payload: 'x', attempt: 1 });
      if (message !== undefined) await heddle.acknowledge(message, { group: 'g' });
    });
  });

  it('what Postgres would refuse is refused before it gets there, by field (promise 11)', async () => {
    const run = await play([{ do: 'wait' }]);
    const nul = 'a\u0000b';
    const calls: Record<string, () => Promise<unknown>> = {
      input: () => heddle.start('script', { input: { nul } }),
      tenant: () => heddle.start('script', { tenant: nul }),
      'run tenant': () => heddle.run(run.id, { tenant: nul }),
      'runs tenant': () => heddle.runs({ tenant: nul }),
      'runs agent': () => heddle.runs({ agent: nul }),
      'runs pipeline': () => heddle.runs({ pipeline: nul }),
      channel: () => heddle.publish(nul, 1),
      payload: () => heddle.publish('a', nul),
      group: () => heddle.receive('a', { group: nul }),
      'receive tenant': () => heddle.receive('a', { group: 'g', tenant: nul }),
      'memory key': () => heddle.remember({ scope: 'user' }, nul, 1),
      'memory user': () => heddle.recall({ scope: 'user', user: nul }, 'k'),
      evaluations: () => heddle.evaluations(run.id, { tenant: nul }),
      event: () => run.send({ type: 'go', nul }),
      'event type': () => run.send({ type: nul }),
      answer: () => run.answer(nul, 1),
      reason: () => run.cancel(nul),
    };
    for (const [name, call] of Object.entries(calls)) {
      const answer = await call().catch((error: unknown) => error);
      expect([name, answer]).toMatchObject([name, { code: expect.stringMatching(/^invalid-/) }]);
    }
    await run.send({ type: 'go' });
    expect(await run.output()).toHaveLength(1);
  });
});
