/** Charts as text for Mermaid, read by Mermaid's own parser: each state and transition stands in it. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createMachine, type AnyStateMachine } from 'xstate';
import { createKernel } from '../../src/kernel/kernel.ts';
import { editor } from '../../machines/agents/editor.ts';
import { evaluator } from '../../machines/agents/evaluator.ts';
import { researcher } from '../../machines/agents/researcher.ts';
import { approval } from '../../machines/examples/approval.ts';
import { greeter } from '../../machines/examples/greeter.ts';
import { buildChart } from '../properties/kernel-chart-build.ts';
import { chartCase } from '../properties/kernel-chart-spec.ts';
import { casesOf } from '../support/long-form.ts';

type Node = { readonly id: string; readonly label: string; readonly parentId?: string };
type DrawnEdge = { readonly start: string; readonly end: string; readonly label?: string };
type Drawn =
  | { readonly nodes: readonly Node[]; readonly edges: readonly DrawnEdge[] }
  | { readonly error: string };

const kernel = createKernel();

function parsed(texts: readonly string[]): Drawn[] {
  const script = fileURLToPath(new URL('mermaid-parser.mjs', import.meta.url));
  const input = JSON.stringify(texts);
  const out = execFileSync(process.execPath, [script], { input, maxBuffer: 200_000_000 });
  return JSON.parse(String(out)) as Drawn[];
}

function textOf(chart: unknown): string {
  return kernel.mermaid(kernel.register(chart).definition);
}

/** Mermaid keeps codes in a form of its own until it draws. */
function plain(label = ''): string {
  return label.replaceAll(/ﬂ°°(\d+)¶ß/g, (_, code) => String.fromCodePoint(Number(code)));
}

type Place = AnyStateMachine['root'];

function statesOf(node: Place): Place[] {
  return [node, ...Object.values(node.states).flatMap(statesOf)];
}

function transitionsOf(node: Place): number {
  const lists = [...node.transitions.values(), node.always ?? []];
  return lists.reduce((sum, list) => sum + list.length, 0);
}

/** Holds what Mermaid has read against the chart. */
function check(chart: AnyStateMachine, drawn: Drawn, text: string): void {
  if ('error' in drawn) throw new Error(`${drawn.error}\n${text}`);
  const { nodes, edges } = drawn;
  const states = statesOf(chart.root);
  const ids = new Map(states.map((state, at) => [state, `s${at}`]));
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const above = (id: string | undefined): string | undefined =>
    id === undefined || /^s\d+$/.test(id) ? id : above(byId.get(id)?.parentId);
  for (const state of states) {
    const id = ids.get(state) as string;
    const named = plain(byId.get(id)?.label);
    const key = state.key.toWellFormed();
    const isCut = named.endsWith('…') && key.startsWith(named.slice(0, -1));
    expect(isCut || named === key || named === `${key} (history)`, `${named} of ${key}`).toBe(true);
    const around = byId.get(id)?.parentId?.replace(`${id}----parent`, '');
    const parent = state.parent && ids.get(state.parent);
    const group = byId.get(`${id}----parent`)?.parentId;
    expect(above(around === '' ? group : around), text).toBe(parent);
    const notes = nodes.filter((node) => node.id.startsWith(`${id}----note`));
    const lines = notes.flatMap((note) => note.label.split('<br/>')).length;
    const drawnFrom = edges.filter((edge) => edge.start === id && edge.label !== '');
    const real = drawnFrom.filter(({ end }) => /^s\d+$/.test(end)).length;
    expect(real + lines, `${id} in ${text}`).toBe(transitionsOf(state));
  }
  expect(nodes.filter(({ id }) => /^s\d+$/.test(id))).toHaveLength(states.length);
}

function checkAll(charts: readonly AnyStateMachine[]): void {
  const texts = charts.map(textOf);
  const drawn = parsed(texts);
  for (const [at, chart] of charts.entries()) {
    check(chart, drawn[at] as Drawn, texts[at] as string);
  }
}

describe('a chart as text for Mermaid', { timeout: 120_000 }, () => {
  it('has the states and transitions of the example charts', () => {
    checkAll([editor, evaluator, researcher, approval, greeter]);
  });

  it('has those of random charts', () => {
    const specs = fc.sample(chartCase, { numRuns: casesOf({ short: 25, long: 150 }), seed: 11 });
    checkAll(specs.map(({ root }) => buildChart(root).own));
  });

  it('takes any names', () => {
    const names = [
      'two words',
      ' edge ',
      '"quoted"',
      "it's",
      'end',
      'state',
      'note',
      'as',
      '[*]',
      '--',
      '-->',
      '{',
      '}',
      'a:b',
      'a;b',
      '#58;',
      '%% comment',
      '<br/>',
      '<script>',
      'line\nbreak',
      '\t',
      '🧶',
      'è',
      '\ud800',
      'constructor',
      'toString',
      'hasOwnProperty',
      'x'.repeat(5_000),
      'direction LR',
      'my DIRECTION tb line',
      'end note',
      'class a b',
      'accTitle: x',
      'hide empty description',
      '<<fork>>',
      'scale 350 width',
      '---',
      '%%{init}%%',
      'click',
      '$&',
      '\\',
      '``',
    ];
    const idle = Object.fromEntries(names.map((name) => [name, {}]));
    const on = Object.fromEntries(names.map((name) => [name, {}]));
    checkAll([
      createMachine({ id: 'names "of" {states}', initial: 'end', states: idle } as never),
      createMachine({ id: 'end', initial: 'a', states: { a: { on }, b: {} } } as never),
      createMachine({ id: '__proto__', on } as never),
    ]);
  });

  it('tells a broken text', () => {
    expect(parsed(['stateDiagram-v2\nstate "a" as s {\n'])[0]).toHaveProperty('error');
  });
});
