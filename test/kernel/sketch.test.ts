/**
 * Charts as JSON for Stately Sketch, read as Sketch reads them: it tells JSON from code by a few patterns, parses it,
 * gives it to XState's `createMachine`, and draws what the state nodes then say (statelyai/sketch, src/lib/machine.ts).
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createMachine, fromPromise, setup, type AnyStateMachine } from 'xstate';
import { createKernel } from '../../src/kernel/kernel.ts';
import { editor } from '../../machines/agents/editor.ts';
import { evaluator } from '../../machines/agents/evaluator.ts';
import { researcher } from '../../machines/agents/researcher.ts';
import { approval } from '../../machines/examples/approval.ts';
import { greeter } from '../../machines/examples/greeter.ts';
import { buildChart } from '../properties/kernel-chart-build.ts';
import { chartCase } from '../properties/kernel-chart-spec.ts';

const kernel = createKernel();
const sketchOf = (chart: unknown) => kernel.sketch(kernel.register(chart).definition);

/** As Sketch finds out what a text is. */
function formatOf(code: string): string {
  const text = code.trim();
  if (
    /^\s*(stateDiagram(-v2)?|flowchart(\s+(TD|TB|BT|RL|LR))?|graph\s+(TD|TB|BT|RL|LR))\b/m.test(
      text,
    )
  ) {
    return 'mermaid';
  }
  if (/\b(createMachine|setup)\s*\(/.test(text)) return 'xstate';
  if (/\bimport\s/.test(text)) return 'xstate';
  return text.startsWith('{') || text.startsWith('[') ? 'json' : 'other';
}

type Place = AnyStateMachine['root'];

const typesOf = (of: readonly unknown[] | undefined): string[] =>
  (of ?? []).flatMap((one) => {
    const type = typeof one === 'string' ? one : (one as { readonly type?: unknown } | null)?.type;
    return typeof type === 'string' && !type.startsWith('xstate.') ? [type] : [];
  });

/** What Sketch shows of a state and of its transitions. */
function shownOf(node: Place): unknown[] {
  const lists: [string, readonly unknown[]][] = [
    ...[...node.transitions].map(([type, list]): [string, readonly unknown[]] => [type, list]),
    ['(always)', node.always ?? []],
  ];
  const edges = lists.flatMap(([type, list]) =>
    (list as readonly { readonly target?: readonly Place[] }[]).map(({ target }) => {
      return [type, target?.[0]?.id ?? node.id];
    }),
  );
  const own = {
    id: node.id,
    key: node.key,
    type: node.type,
    parent: node.parent?.id ?? null,
    initial: node.initial?.target?.[0]?.id ?? null,
    history: node.type === 'history' ? node.history : null,
    edges,
  };
  return [own, ...Object.values(node.states).flatMap(shownOf)];
}

function read(text: string): AnyStateMachine {
  expect(formatOf(text), text.slice(0, 200)).toBe('json');
  return createMachine(JSON.parse(text));
}

describe('a chart as JSON for Stately Sketch', () => {
  it('shows the states and transitions of the example charts', () => {
    for (const chart of [editor, evaluator, researcher, approval, greeter]) {
      expect(shownOf(read(sketchOf(chart)).root)).toEqual(shownOf(chart.root));
    }
  });

  it('shows those of random charts', () => {
    for (const { root } of fc.sample(chartCase, { numRuns: 200, seed: 7 })) {
      const { own } = buildChart(root);
      expect(shownOf(read(sketchOf(own)).root)).toEqual(shownOf(own.root));
    }
  });

  it('names what states do and invoke, logic that stands within them too', () => {
    const loom = setup({
      actions: { tie: () => undefined },
      guards: { late: () => true },
      actors: { weave: fromPromise(async () => 1) },
    }).createMachine({
      id: 'loom',
      initial: 'weaving',
      states: {
        weaving: {
          entry: 'tie',
          invoke: [
            { id: 'one', src: 'weave' },
            { id: 'two', src: 'weave', onDone: { guard: 'late', target: 'done', actions: 'tie' } },
          ],
        },
        done: { type: 'final' },
      },
    });
    const { weaving } = read(sketchOf(loom)).root.states;
    expect(weaving?.invoke.map(({ src }) => src)).toEqual(['weave', 'weave']);
    expect(typesOf(weaving?.entry)).toEqual(['tie']);
    const [done] = weaving?.transitions.get('xstate.done.actor.two') ?? [];
    expect(typesOf(done?.actions)).toEqual(['tie']);
    const inline = { id: 'x', invoke: { id: 'i', src: { type: 'knit' } } };
    expect(read(kernel.sketch(inline)).root.invoke.map(({ src }) => src)).toEqual(['knit']);
  });

  it('is read as JSON whatever words stand in it', () => {
    for (const words of [
      'import the yarn',
      'import\tx',
      'call setup({}) and createMachine( {} )',
      'setup  (x',
      'stateDiagram-v2\nstateDiagram',
      'graph TD',
      '---',
    ]) {
      const definition = { id: 'x', description: words, meta: { [words]: words } };
      const text = kernel.sketch(definition);
      expect(formatOf(text), words).toBe('json');
      expect(JSON.parse(text)).toEqual(definition);
    }
  });

  it('throws for what is no chart', () => {
    const lost = { id: 'x', initial: 'a', states: { a: { on: { GO: 'nowhere' } } } };
    expect(() => kernel.sketch(lost)).toThrow(/nowhere/);
  });
});
