/** Questions to people, and evaluations of runs: what a chart asks and judges. */
import { describe, expect, it } from 'vitest';
import { oneTenant } from '../../../src/access/scopes.ts';
import type { Json } from '../../../src/index.ts';
import { oneReplica } from '../../support/replica.ts';
import type { ScriptStep } from '../../support/script-agent.ts';

const schema = {
  type: 'object',
  properties: { ok: { type: 'boolean' } },
  required: ['ok'],
  additionalProperties: false,
};

async function asked(input: { readonly [key: string]: Json } = { question: 'Go on?', schema }) {
  const world = await oneReplica();
  const steps: ScriptStep[] = [{ do: 'ask', with: input }];
  const run = await world.heddle.start('script', { input: { steps } });
  await world.clock.idle();
  return { ...world, run };
}

describe('ask', () => {
  it('shows its question and waits for a person, holding nothing', async () => {
    const { run, runtime } = await asked();
    expect(await run.status()).toBe('waiting-on-person');
    const [question] = await run.questions();
    expect(question).toMatchObject({ invocationId: 'ask', question: 'Go on?', schema });
    expect(question).toMatchObject({ runId: run.id, askId: `${run.id}:ask:1` });
    expect(runtime.stats()).toMatchObject({ permitsInUse: 0, inMemory: 0 });
  });

  it('takes an answer that fits and refuses one that does not', async () => {
    const { run, clock } = await asked();
    for (const answer of [{}, { ok: 'yes' }, { ok: true, more: 1 }, null]) {
      await expect(run.answer('ask', answer)).rejects.toMatchObject({ code: 'answer-invalid' });
    }
    await clock.idle();
    expect(await run.status()).toBe('waiting-on-person');
    await run.answer('ask', { ok: true });
    expect(await run.output()).toEqual([{ done: { answer: { ok: true } } }]);
    expect(await run.questions()).toEqual([]);
  });

  it('takes anything without a schema', async () => {
    const { run } = await asked({ question: 'Your name?' });
    await run.answer('ask', 'Ada');
    expect(await run.output()).toEqual([{ done: { answer: 'Ada' } }]);
  });

  it('knows no other question, and none after the answer', async () => {
    const { run } = await asked();
    await expect(run.answer('other', 1)).rejects.toMatchObject({
      code: 'ask-unknown',
      status: 404,
    });
    await expect(run.answer('constructor', 1)).rejects.toMatchObject({ code: 'ask-unknown' });
    await run.answer('ask', { ok: true });
    await run.output();
    await expect(run.answer('ask', { ok: true })).rejects.toMatchObject({ code: 'ask-unknown' });
  });

  it('takes the first of two answers at once', async () => {
    const { run } = await asked({ question: 'Which?' });
    const second = Promise.all([run.answer('ask', 'first'), run.answer('ask', 'second')]);
    await expect(second).rejects.toMatchObject({ code: 'ask-answered', status: 409 });
    expect(await run.output()).toEqual([{ done: { answer: 'first' } }]);
  });

  it('fails with invocation-timeout when nobody answers', async () => {
    const { run, clock } = await asked({ question: 'Go on?', timeoutMs: 3_600_000 });
    await clock.advance(3_599_000);
    expect(await run.status()).toBe('waiting-on-person');
    await clock.advance(1_000);
    expect(await run.output()).toMatchObject([{ failed: { code: 'invocation-timeout' } }]);
    expect(await run.questions()).toEqual([]);
  });

  it('fails at the asker when its schema is wrong, and asks nobody', async () => {
    const wrong = [
      [{ type: 'nonsense' }, 'ask.schema.type'],
      [{ properties: { at: { pattern: '(' } } }, 'ask.schema.properties.at.pattern'],
      [{ $ref: '#/$defs/none' }, 'ask.schema.$ref'],
      [{ $schema: 'http://json-schema.org/draft-04/schema#' }, 'ask.schema.$schema'],
      [{ $async: true }, 'ask.schema.$async'],
      [{ items: [{ type: 'string' }] }, 'ask.schema.items'],
    ] as const;
    for (const [schema, field] of wrong) {
      const { run } = await asked({ question: 'Go on?', schema });
      expect(await run.output(), field).toMatchObject([
        { failed: { code: 'invalid-field', detail: { field } } },
      ]);
    }
  });

  it('is refused by field (promise 11)', async () => {
    const { run } = await asked({ schema });
    expect(await run.output()).toMatchObject([{ failed: { detail: { field: 'ask.question' } } }]);
  });
});

describe('evaluate', () => {
  it('is one evaluation per invocation, with its score and its author', async () => {
    const { heddle, store } = await oneReplica();
    const judged = await heddle.start('script', { input: { steps: [] } });
    const evaluate: ScriptStep = {
      do: 'evaluate',
      with: { runId: judged.id, score: 0.5, rationale: 'half' },
    };
    const judge = await heddle.start('script', { input: { steps: [evaluate] } });
    const [result] = (await judge.output()) as unknown as { done: { evaluationId: string } }[];
    expect(await heddle.evaluations(judged.id)).toEqual([
      {
        tenant: 'default',
        evaluationId: result?.done.evaluationId,
        subjectRunId: judged.id,
        evaluatorRunId: judge.id,
        score: 0.5,
        rationale: 'half',
        agent: 'script',
        version: expect.any(String) as string,
        by: null,
        createdAtMs: expect.any(Number) as number,
      },
    ]);
    expect((await store.audit(oneTenant('default'))).doubledEvaluations).toBe(0);
  });

  it('refuses what is no score, no run and no reason (promise 11)', async () => {
    const { heddle } = await oneReplica();
    const good = { runId: '00000000-0000-7000-8000-000000000001', score: 1, rationale: 'x' };
    const bad: [string, object][] = [
      ['evaluate.score', { score: 1.1 }],
      ['evaluate.score', { score: -0.1 }],
      ['evaluate.score', { score: '1' }],
      ['runId', { runId: 'me' }],
      ['evaluate.rationale', { rationale: 1 }],
      ['evaluate.reason', { reason: 'x' }],
    ];
    const steps = bad.map(([, more]) => ({ do: 'evaluate', with: { ...good, ...more } }));
    const run = await heddle.start('script', { input: { steps } });
    const results = (await run.output()) as unknown as { failed: { detail: { field: string } } }[];
    expect(results.map(({ failed }) => failed.detail.field)).toEqual(bad.map(([field]) => field));
    expect(await heddle.evaluations(good.runId)).toEqual([]);
  });
});
