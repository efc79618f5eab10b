/**
 * Absent stays absent and null stays null, so that default parameters act as under a live actor; and what
 * `onError` hears is what was thrown, as JSON.
 */
import {
  assign,
  createActor,
  fromPromise,
  setup,
  toPromise,
  type AnyStateMachine,
  type PromiseActorLogic,
} from 'xstate';
import { describe, expect, it } from 'vitest';
import { task, type Failure } from '../../../src/index.ts';
import { inputFromText, inputToText } from '../../../src/domain/input-text.ts';
import { oneReplica } from '../../support/replica.ts';

type Input = { readonly n: number } | null | undefined;

/** Its output is what its default parameters made of the input. */
const kid = setup({ types: { input: {} as Input } }).createMachine({
  id: 'kid',
  context: ({ input = { n: 9 } }) => ({ n: input?.n ?? 'null' }),
  initial: 'over',
  states: { over: { type: 'final' } },
  output: ({ context }) => context['n'] as unknown,
});
const silent = setup({}).createMachine({
  id: 'silent',
  initial: 'over',
  states: { over: { type: 'final' } },
});

/** Invokes `src` with `input`; its output says what `onDone` heard, by a default parameter. */
function invoking(id: string, logic: object, input?: unknown) {
  return setup({ actors: { src: logic as PromiseActorLogic<unknown, unknown> } }).createMachine({
    id,
    context: { heard: 'nothing' },
    initial: 'working',
    states: {
      working: {
        invoke: {
          id: 'src',
          src: 'src',
          input: () => input,
          onDone: {
            target: 'over',
            actions: assign({
              heard: ({ event }) => {
                const { output = 'default' } = event as { readonly output?: unknown };
                return output;
              },
            }),
          },
        },
      },
      over: { type: 'final' },
    },
    output: ({ context }) => ({ heard: context['heard'] as unknown }),
  });
}

const echo = () => fromPromise(async ({ input = 'default' }: { input: unknown }) => ({ input }));
const charts: readonly AnyStateMachine[] = [
  kid,
  invoking('no-input', echo()),
  invoking('null-input', echo(), null),
  invoking(
    'no-output',
    fromPromise(async () => undefined),
  ),
  invoking(
    'null-output',
    fromPromise(async () => null),
  ),
  invoking('kid-no-input', kid),
  invoking('kid-null-input', kid, null),
  invoking('silent-kid', silent),
];

describe('as under a live actor', () => {
  it.each(charts.map((chart) => [chart.id, chart] as const))('%s', async (id, chart) => {
    const live = createActor(chart);
    const expected = toPromise(live);
    live.start();
    const { heddle } = await oneReplica({ agents: [...new Set([chart, kid, silent])] });
    const run = await heddle.start(id);
    expect(await run.output()).toEqual(await expected);
  });

  it.each([undefined, null, { n: 1 }])('a start with the input %j', async (input) => {
    const live = createActor(kid, { input });
    const { heddle } = await oneReplica({ agents: [kid] });
    const run = await heddle.start('kid', input === undefined ? {} : { input });
    expect(await run.output()).toEqual(live.start().getSnapshot().output);
    const first = await run.journal().next();
    expect((first.value as { readonly entry: unknown }).entry).toEqual(
      input === undefined ? { kind: 'start' } : { kind: 'start', input },
    );
  });
});

describe("a row's input", () => {
  it('is absent where 0.1.0 wrote null for it, and null where null was given', () => {
    expect(inputFromText('null')).toBeUndefined();
    for (const input of [undefined, null, 0, { n: 1 }, 'null', []]) {
      expect(inputFromText(inputToText(input))).toEqual(input);
      expect(JSON.parse(inputToText(input))).toEqual(input ?? null);
    }
  });
});

/** Keeps the whole error event. */
function hearing(id: string, logic: object) {
  return setup({ actors: { src: logic as PromiseActorLogic<unknown, unknown> } }).createMachine({
    id,
    context: { heard: null },
    initial: 'working',
    states: {
      working: {
        invoke: {
          id: 'it',
          src: 'src',
          input: null,
          onError: { target: 'over', actions: assign({ heard: ({ event }) => event }) },
        },
      },
      over: { type: 'final' },
    },
    output: ({ context }) => context['heard'] as unknown,
  });
}

type Heard = { readonly error: unknown; readonly failure: Failure };

describe('onError', () => {
  it('hears what a task threw, and beside it how often it was tried', async () => {
    const thrown = Object.assign(new TypeError('taken', { cause: { status: 409 } }), { key: 'n' });
    const agent = hearing(
      'agent',
      task(() => Promise.reject(thrown), { attempts: 3, backoffMs: 1 }),
    );
    const { heddle, clock } = await oneReplica({ agents: [agent] });
    const run = await heddle.start('agent');
    await clock.advance(100);
    const { error, failure } = (await run.output()) as unknown as Heard;
    expect(error).toEqual({
      name: 'TypeError',
      message: 'taken',
      key: 'n',
      cause: { status: 409 },
    });
    expect(failure).toMatchObject({ code: 'task-failed', attempts: 3, source: 'src', run: run.id });
  });

  const failing = (id: string, thrown: unknown) =>
    setup({ actors: { work: task(() => Promise.reject(thrown as Error)) } }).createMachine({
      id,
      initial: 'working',
      states: { working: { invoke: { id: 'work', src: 'work' } } },
    });
  const throwingGuard = setup({}).createMachine({
    id: 'kid',
    context: () => {
      throw new RangeError('no context');
    },
  });

  it.each([
    ['a task of it that nobody handled', failing('kid', { odd: [1] }), { odd: [1] }],
    ['its chart', throwingGuard, { name: 'RangeError', message: 'no context' }],
  ])('hears what a child ended with: %s', async (_, child, json) => {
    const { heddle, clock } = await oneReplica({ agents: [hearing('agent', child), child] });
    const run = await heddle.start('agent');
    await clock.idle();
    const { error, failure } = (await run.output()) as unknown as Heard;
    expect(error).toEqual(json);
    const [kidRow] = await heddle.runs({ agent: 'kid' });
    expect(failure).toMatchObject({ source: 'src', run: kidRow?.runId });
  });

  it("hears heddle's own errors in their own shape", async () => {
    const slow = task(() => new Promise(() => undefined), { timeoutMs: 50 });
    const { heddle, clock } = await oneReplica({ agents: [hearing('agent', slow)] });
    const run = await heddle.start('agent');
    await clock.advance(60);
    const { error, failure } = (await run.output()) as unknown as Heard;
    expect(error).toMatchObject({
      name: 'HeddleError',
      code: 'invocation-timeout',
      detail: { timeoutMs: 50 },
    });
    expect(failure).toMatchObject({ code: 'invocation-timeout', run: run.id });
  });
});
