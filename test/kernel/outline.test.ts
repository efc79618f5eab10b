/** Charts as outlines: each state within its parent, with its edges. */
import { expect, it } from 'vitest';
import { createMachine } from 'xstate';
import { createKernel } from '../../src/kernel/kernel.ts';
import { editor } from '../../machines/agents/editor.ts';

const kernel = createKernel();
const outline = (chart: unknown) => kernel.outline(kernel.register(chart).definition);

it('says of each state what it invokes, and where its edges lead', () => {
  const loom = createMachine({
    id: 'loom',
    initial: 'weaving',
    states: {
      weaving: {
        invoke: { id: 'weave', src: 'generate', input: { prompt: 'weave' }, onDone: 'resting' },
        on: { STOP: [{ guard: 'late', target: 'resting.long' }, { target: 'done' }] },
        after: { 1_000: 'done' },
      },
      resting: {
        type: 'parallel',
        states: { long: {}, short: { on: { 'a\nb': '#loom.done', WAIT: {} } } },
      },
      done: { type: 'final' },
    },
  });
  expect(kernel.outline(loom.config as never)).toBe(`loom
  weaving  [initial]
    invokes weave (generate)
    STOP → loom.resting.long
    STOP (2) → done
    @done.weave → resting
    @after.1000 → done
  resting  [parallel]
    long
    short
      a b → loom.done
      WAIT → stays
  done  [final]
`);
});

it('has a line for each state of a real agent', () => {
  const text = outline(editor);
  expect(text).toMatch(/^editor\n/);
  expect(text.split('\n').filter((line) => line.includes('→')).length).toBeGreaterThan(3);
});
