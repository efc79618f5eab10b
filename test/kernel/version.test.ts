/** The hash of a chart's structure, and its definition for people. */
import { describe, expect, it } from 'vitest';
import { assign, fromPromise, setup } from 'xstate';
import { kernel } from './driver.ts';

const one = ({ context }: { context: { n: number } }): number => context.n + 1;
const two = ({ context }: { context: { n: number } }): number => context.n + 2;
const big = ({ context }: { context: { n: number } }): boolean => context.n > 2;
const huge = ({ context }: { context: { n: number } }): boolean => context.n > 3;
const first = { step: one, least: big, delay: 5, task: () => Promise.resolve(1) };

function chart({ step, least, delay, task }: typeof first, extra: object = {}) {
  return setup({
    types: { context: {} as { n: number } },
    actors: { work: fromPromise(task) },
    guards: { more: least },
    delays: { soon: delay },
  }).createMachine({
    id: 'counts',
    context: { n: 0 },
    initial: 'a',
    states: { a: { on: { GO: { guard: 'more', actions: assign({ n: step }) } }, ...extra } },
  });
}
const versionOf = (machine: unknown): string => kernel.register(machine).version;

describe('the version', () => {
  const version = versionOf(chart(first));

  it('is a hash that stays the same', () => {
    expect(version).toMatch(/^[0-9a-f]{16}$/);
    expect(versionOf(chart({ ...first }))).toBe(version);
  });

  it.each([
    ['an assign', chart({ ...first, step: two })],
    ['a guard', chart({ ...first, least: huge })],
    ['a delay', chart({ ...first, delay: 6 })],
    ['a state', chart(first, { tags: 'busy' })],
    ['an inline guard', chart(first, { on: { X: { guard: () => true } } })],
  ])('changes with %s', (_, machine) => {
    expect(versionOf(machine)).not.toBe(version);
  });

  it('does not change with the code of a task, which is mended without stranding runs', () => {
    expect(versionOf(chart({ ...first, task: () => Promise.resolve(2) }))).toBe(version);
  });

  it('can be given', () => {
    expect(kernel.register(chart(first), { version: '2' }).version).toBe('2');
  });
});

describe('the definition', () => {
  it('is the config as JSON, with functions by name', () => {
    const { definition } = kernel.register(
      chart(first, {
        on: {
          X: {
            guard: function isOpen() {
              return true;
            },
          },
        },
        meta: { at: NaN },
      }),
    );
    expect(definition).toMatchObject({
      id: 'counts',
      context: { n: 0 },
      states: { a: { on: { X: { guard: { type: 'isOpen' } } }, meta: {} } },
    });
    expect(JSON.parse(JSON.stringify(definition))).toEqual(definition);
  });
});
