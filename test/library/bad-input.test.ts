/**
 * Whatever a program hands over in the place of ids, options and policies: it is taken, or refused
 * with a code and, where the value itself is wrong, its field; and what is refused changes nothing.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { errorRegistry } from '../../src/domain/errors.ts';
import {
  anthropic,
  createHeddle,
  HeddleError,
  ollama,
  stubProvider,
  type Heddle,
} from '../../src/index.ts';
import { oneReplica } from '../support/replica.ts';
import type { ScriptStep } from '../support/script-agent.ts';
import { scriptedProvider } from '../support/scripted-provider.ts';

const throws = (): never => {
  throw new Error('of the caller');
};
const revoked = (): object => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
};
const throwing = Object.defineProperty({}, 'tenant', { enumerable: true, get: throws });

const plain = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    undefined,
    5,
    -1,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    true,
    '',
    'a',
    '5s',
    'nul \u0000',
    'lone \ud800',
    'x'.repeat(2_000_000),
    5n,
    Symbol('s'),
    [],
    [null],
    () => 'a',
    new Date(),
    new Map(),
    new Uint8Array(4),
    Promise.resolve(),
  ),
  fc.dictionary(fc.string({ maxLength: 5 }), fc.constantFrom<unknown>(1, 'a', null), {
    maxKeys: 3,
  }),
);
const odd: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 6, arbitrary: plain },
  { weight: 1, arbitrary: fc.constant<unknown>(throwing) },
);
/** An object with some of the keys that are read, and odd values under them. */
const options = (...keys: readonly string[]): fc.Arbitrary<unknown> =>
  fc.oneof(odd, fc.dictionary(fc.constantFrom(...keys, 'nobody'), odd, { maxKeys: keys.length }));

const name = fc.oneof(odd, fc.constantFrom<unknown>('script', 'c', 'k'));
const owner = options('scope', 'tenant', 'user', 'agent', 'runId');
const start = options('agent', 'tenant', 'user', 'pipeline', 'idempotencyKey', 'priority');
const request = options('tenant', 'user', 'pipeline', 'idempotencyKey', 'priority');
const query = options('tenant', 'statuses', 'agent', 'pipeline', 'beforeRunId', 'limit');
const group = options('tenant', 'group', 'from', 'max', 'leaseMs');

type Method = readonly [
  arguments: readonly fc.Arbitrary<unknown>[],
  call: (heddle: Heddle, run: never, given: readonly never[]) => unknown,
];
type Run = Awaited<ReturnType<Heddle['run']>>;

const methods: Readonly<Record<string, Method>> = {
  start: [[name, request], (heddle, _, [agent, of]) => heddle.start(agent as never, of)],
  startAll: [
    [fc.oneof(odd, fc.array(start, { maxLength: 3 }))],
    (heddle, _, [starts]) => heddle.startAll(starts as never),
  ],
  run: [[odd, options('tenant')], (heddle, _, [id, of]) => heddle.run(id as never, of)],
  runs: [[query], (heddle, _, [of]) => heddle.runs(of)],
  publish: [
    [name, plain, options('tenant', 'delayMs')],
    (heddle, _, [channel, payload, of]) => heddle.publish(channel as never, payload, of),
  ],
  receive: [
    [name, group],
    (heddle, _, [channel, of]) => heddle.receive(channel as never, of as never),
  ],
  acknowledge: [
    [options('channel', 'seq', 'token'), options('tenant', 'group')],
    (heddle, _, [message, of]) => heddle.acknowledge(message as never, of as never),
  ],
  recall: [
    [owner, name, options('version', 'history')],
    (heddle, _, [of, key, how]) => heddle.recall(of as never, key as never, how),
  ],
  remember: [
    [owner, name, plain, options('expectedVersion')],
    (heddle, _, [of, key, value, how]) => heddle.remember(of as never, key as never, value, how),
  ],
  questions: [
    [options('tenant', 'assignee', 'agent', 'olderThanMs', 'after', 'limit')],
    (heddle, _, [of]) => heddle.questions(of),
  ],
  activity: [[options('fromMs', 'toMs', 'stepMs')], (heddle, _, [of]) => heddle.activity(of)],
  evaluations: [
    [odd, options('tenant')],
    (heddle, _, [id, of]) => heddle.evaluations(id as never, of),
  ],
  setBudget: [
    [options('tenant', 'user', 'runId'), options('tokens', 'cost', 'per')],
    (heddle, _, [of, budget]) => heddle.setBudget(of as never, budget as never),
  ],
  budget: [[options('tenant', 'user', 'runId')], (heddle, _, [of]) => heddle.budget(of as never)],
  reopenProvider: [
    [odd, options('endsCooling')],
    (heddle, _, [of, how]) => heddle.reopenProvider(of as never, how),
  ],
  probeProvider: [[odd], (heddle, _, [of]) => heddle.probeProvider(of as never)],
  output: [[options('timeoutMs')], (_, run: Run, [of]) => run.output(of)],
  send: [
    [
      fc.oneof(plain, fc.dictionary(fc.constantFrom('type', 'a'), plain)),
      options('idempotencyKey'),
    ],
    (_, run: Run, [event, of]) => run.send(event as never, of),
  ],
  answer: [[odd, plain], (_, run: Run, [askId, answer]) => run.answer(askId as never, answer)],
  cancel: [[odd], (_, run: Run, [reason]) => run.cancel(reason)],
  pause: [[odd], (_, run: Run, [reason]) => run.pause(reason)],
  resume: [[odd], (_, run: Run, [reason]) => run.resume(reason)],
};

/** Codes that say which value is wrong. */
const ofField = new Set(['invalid-field', 'invalid-json', 'payload-too-large', 'start-key-used']);
const codes = new Set(Object.keys(errorRegistry));

describe('random requests', () => {
  it.each(Object.keys(methods))('%s', async (method) => {
    const [parts, call] = methods[method] ?? [[], () => undefined];
    const { heddle, store, clock } = await oneReplica({ providers: [scriptedProvider()] });
    const ended = await heddle.start('script', { input: { steps: [] } });
    await clock.idle();
    // A commit in which all is refused has a row of its own.
    const rows = (): readonly object[] =>
      Object.entries(store.snapshot().rows).flatMap(([table, all]) => {
        return table === 'commits' ? [] : all;
      });
    await fc.assert(
      fc.asyncProperty(fc.tuple(...parts), async (given) => {
        const before = new Set(rows());
        try {
          await call(heddle, ended as never, given as never);
        } catch (error) {
          expect(error).toBeInstanceOf(HeddleError);
          const { code, detail } = error as HeddleError;
          expect(codes).toContain(code);
          if (ofField.has(code)) expect(detail['field']).toMatch(/^[a-z]/);
          expect((error as HeddleError).message.length).toBeLessThan(2_000);
          const after = rows();
          expect(after.filter((row) => !before.has(row))).toEqual([]);
          expect(after).toHaveLength(before.size);
        }
        await clock.idle();
      }),
      { numRuns: 150 },
    );
  });
});

describe('what passed', () => {
  const refused = async (call: (heddle: Heddle, run: Run) => unknown): Promise<unknown> => {
    const { heddle } = await oneReplica();
    const run = await heddle.start('script', { input: { steps: [] } });
    try {
      return await call(heddle, run);
    } catch (error) {
      const { code, detail } = error as HeddleError;
      return `${code} ${detail['field']}`;
    }
  };
  const bad = (given: unknown): never => given as never;

  it.each<[string, (heddle: Heddle, run: Run) => unknown]>([
    ['invalid-field start', (heddle) => heddle.start('script', bad(null))],
    ['invalid-field start', (heddle) => heddle.start('script', bad(new Date()))],
    ['invalid-field start', (heddle) => heddle.start('script', bad('x'.repeat(2_000_000)))],
    ['invalid-field start', (heddle) => heddle.start('script', bad(revoked()))],
    ['invalid-field runs', (heddle) => heddle.runs(bad(throwing))],
    ['invalid-field budget', (heddle) => heddle.budget(bad(new Proxy({}, { ownKeys: throws })))],
    ['invalid-field runId', (heddle) => heddle.run(bad(revoked()))],
    ['invalid-field start.agent', (heddle) => heddle.start('script', bad({ agent: 'other' }))],
    ['invalid-field start.agent', (heddle) => heddle.start(bad({}))],
    ['invalid-field starts', (heddle) => heddle.startAll(bad({ length: 1 }))],
    ['invalid-field starts', (heddle) => heddle.startAll(bad(revoked()))],
    ['invalid-field runs.statuses', (heddle) => heddle.runs(bad({ statuses: revoked() }))],
    ['invalid-field anthropic', () => anthropic(bad(undefined))],
    ['invalid-field anthropic', () => anthropic(bad(revoked()))],
    ['invalid-field ollama', () => ollama(bad('x'.repeat(2_000_000)))],
    ['invalid-field models', () => ollama(bad({ model: 'm', models: 5 }))],
    ['invalid-field stub', () => stubProvider(bad('x'.repeat(2_000_000)))],
    ['invalid-field options', () => createHeddle(bad(revoked()))],
    ['invalid-field agents', () => createHeddle(bad({ agents: revoked() }))],
    ['invalid-field starts[1]', (heddle) => heddle.startAll([{ agent: 'script' }, bad(null)])],
    ['invalid-field runs.statuses', (heddle) => heddle.runs(bad({ statuses: 5 }))],
    ['invalid-field runs.statuses', (heddle) => heddle.runs(bad({ statuses: ['open'] }))],
    ['invalid-field runs.status', (heddle) => heddle.runs(bad({ status: 'failed' }))],
    ['invalid-field runId', (heddle) => heddle.run(bad(Symbol('id')))],
    ['invalid-field run', (heddle, run) => heddle.run(run.id, bad([]))],
    ['invalid-field budget.cost', (heddle) => heddle.setBudget({}, bad({ cost: '5' }))],
    ['invalid-field budget.cost', (heddle) => heddle.setBudget({}, bad({ cost: null }))],
    ['invalid-field budget', (heddle) => heddle.setBudget({}, bad(undefined))],
    ['invalid-field recall', (heddle) => heddle.recall({ scope: 'tenant' }, 'k', bad(5))],
    ['invalid-field message', (heddle) => heddle.acknowledge(bad(null), { group: 'g' })],
    ['invalid-field reason', (_, run) => run.cancel(bad({ why: 'x' }))],
    ['invalid-field reason', (_, run) => run.pause('x'.repeat(5_000))],
    ['invalid-field output', (_, run) => run.output(bad(5))],
    ['invalid-field output.timeout', (_, run) => run.output(bad({ timeout: 5 }))],
    ['invalid-field provider', (heddle) => heddle.reopenProvider(bad(null))],
  ])('%s', async (expected, call) => {
    expect(await refused(call)).toBe(expected);
  });
});

describe('a promise that rejects, handed over with what is refused', () => {
  const asking: ScriptStep = { do: 'ask', with: { question: 'well?' } };

  it.each<[string, (heddle: Heddle, run: Run, late: () => object) => Promise<unknown>]>([
    ['an agent that is unknown', (heddle, _, late) => heddle.start('none', { input: late() })],
    ['a start', (heddle, _, late) => heddle.start('script', { input: late() })],
    [
      'another start of several',
      (heddle, _, late) => heddle.startAll([{ agent: 'none' }, { agent: 'script', input: late() }]),
    ],
    ['an answer', async (_, run, late) => run.answer('ask', late())],
    ['an answer to nothing', (_, run, late) => run.answer('none', late())],
    ['an event', (_, run, late) => run.send({ type: 'go', ...late() })],
    [
      'an event whose key is none',
      (_, run, late) => run.send({ type: 'go', ...late() }, { idempotencyKey: '' }),
    ],
    ['a payload', (heddle, _, late) => heddle.publish('c', late())],
    ['a payload for no channel', (heddle, _, late) => heddle.publish('', late())],
    ['a value', (heddle, _, late) => heddle.remember({ scope: 'tenant' }, 'k', late())],
    ['a value for no key', (heddle, _, late) => heddle.remember({ scope: 'tenant' }, '', late())],
  ])('%s: is heard, and ends no process', async (_, call) => {
    const { heddle, clock } = await oneReplica();
    const run = await heddle.start('script', { input: { steps: [asking] } });
    await clock.idle();
    const unheard: unknown[] = [];
    const hear = (thrown: unknown): void => void unheard.push(thrown);
    process.on('unhandledRejection', hear);
    try {
      const late = (): object => ({ a: [Promise.reject(new Error('late'))] });
      await expect(call(heddle, run, late)).rejects.toBeInstanceOf(HeddleError);
      await new Promise((resolve) => setTimeout(resolve, 5));
    } finally {
      process.off('unhandledRejection', hear);
    }
    expect(unheard).toEqual([]);
  });

  it('an answer counts as it was when it was given', async () => {
    const { heddle, clock } = await oneReplica();
    const run = await heddle.start('script', { input: { steps: [asking] } });
    await clock.idle();
    const answer = { yes: true };
    const answering = run.answer('ask', answer);
    answer.yes = false;
    await answering;
    await clock.idle();
    expect(await run.output()).toEqual([{ done: { answer: { yes: true } } }]);
  });
});
