/**
 * Schemas that throw, reject or give what is no result: the model is told, the tool is not called, and
 * the run goes on. vitest fails a file in which an exception or a rejection reached the process.
 */
import { expect, it } from 'vitest';
import { tool, toolLoop, type StandardSchema } from '../../src/index.ts';
import { oddKinds, oddValue, thenable } from '../support/odd-values.ts';
import { oneReplica } from '../support/replica.ts';
import { lastResults, model, type Told } from './model.ts';

type Validate = StandardSchema<never>['~standard']['validate'];

/** What the model is told of a tool that is called once for each of these, which its schema does then. */
async function toldBy(validates: readonly (() => unknown)[]): Promise<readonly string[]> {
  const calls = validates.map((_, n) => ({ name: 'odd', input: { n } }));
  const told: Told[] = [];
  const of = model((at, input) => {
    if (at > 1) told.push(...lastResults(input));
    const next = calls.slice((at - 1) * atOnce, at * atOnce);
    return next.length > 0 ? { calls: next } : undefined;
  });
  const validate = (input: unknown): unknown => validates[(input as { n: number }).n]?.();
  const odd = tool({
    description: 'Odd.',
    schema: { '~standard': { version: 1, vendor: 'test', validate: validate as Validate } },
    inputSchema: {},
    run: () => Promise.resolve('it was called'),
  });
  const world = await oneReplica({
    agents: [toolLoop({ id: 'loop', tools: { odd } })],
    providers: [of],
  });
  const run = await world.heddle.start('loop', { input: { prompt: 'Begin.' } });
  await world.clock.advance(120_000);
  expect(await run.output({ timeoutMs: 1 })).toMatchObject({ end: 'answered', text: 'Done.' });
  await world.heddle.close();
  expect(told).toHaveLength(validates.length);
  return told.map((one) => JSON.stringify(one));
}

/** Tool calls of one answer that the loop carries out. */
const atOnce = 8;

const throwing = (kind: string) => (): never => {
  throw oddValue(kind);
};

const ways: Record<string, (kind: string) => () => unknown> = {
  throws: throwing,
  'rejects with': (kind) => async () => throwing(kind)(),
  'rejects by a `then` of its own with': (kind) => () =>
    thenable((_, reject) => reject(oddValue(kind))),
  'resolves to': (kind) => async () => oddValue(kind),
  returns: (kind) => () => oddValue(kind),
  'finds issues that are': (kind) => () => ({ value: 1, issues: oddValue(kind) ?? 'wrong' }),
  'finds an issue that is': (kind) => () => ({ issues: [oddValue(kind)] }),
  'names a path that is': (kind) => () => ({ issues: [{ message: 'no', path: oddValue(kind) }] }),
  'names a key that is': (kind) => () => ({ issues: [{ message: 'no', path: [oddValue(kind)] }] }),
};

it.each(Object.keys(ways))('one that %s anything', { timeout: 60_000 }, async (way) => {
  const told = await toldBy(oddKinds.map((kind) => ways[way]?.(kind) ?? throwing(kind)));
  oddKinds.forEach((kind, n) => {
    expect(told[n], kind).not.toContain('it was called');
    expect(told[n], kind).toMatch(/its schema|do not fit/);
  });
});

it('says its words where it has some', async () => {
  const path = ['lines', { key: 0 }, 'amount'];
  // A path of arktype has a `cache` beside its keys.
  const counted = Object.assign([...path], { cache: {} });
  const [refused, alike, taken] = await toldBy([
    () => ({ issues: [{ message: 'too much', path }] }),
    () => ({ issues: [{ message: 'too much', path: counted }] }),
    () => ({ value: undefined }),
  ]);
  expect(alike).toBe(refused);
  expect(refused).toContain('lines.0.amount: too much');
  expect(taken).toContain('it was called');
});

it.each([undefined, null, {}, { '~standard': {} }, 'a text'])(
  'is refused by field where it is none: %j',
  (schema) => {
    const odd = { description: 'x', schema, inputSchema: {}, run: () => Promise.resolve(1) };
    const make = () => toolLoop({ id: 'loop', tools: { odd: odd as never } });
    expect(make).toThrow(/toolLoop.tools.odd.schema/);
  },
);

it('is refused by field where it cannot say what it accepts', () => {
  const jsonSchema = { input: throwing('a symbol') };
  const validate: Validate = () => ({ issues: [] });
  const schema = { '~standard': { version: 1, vendor: 'test', validate, jsonSchema } } as const;
  const odd = tool({ description: 'x', schema, run: () => Promise.resolve(1) });
  expect(() => toolLoop({ id: 'loop', tools: { odd } })).toThrow(/toolLoop.tools.odd.inputSchema/);
});
