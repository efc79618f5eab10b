/** What README and docs show is what the tests of this folder run. */
import { readdirSync, readFileSync } from 'node:fs';
import { compileFunction } from 'node:vm';
import { expect, it } from 'vitest';
import * as heddle from '../../src/index.ts';
import { oneReplica } from '../support/replica.ts';
import { lastResults, model } from '../tool-loop/model.ts';

const root = new URL('../../', import.meta.url);
const read = (file: string): string => readFileSync(new URL(file, root), 'utf8');

/** As a user has it, who imports the package by its name and keeps an agent beside its test. */
const asUser = (text: string): string =>
  text
    .replaceAll("'../../src/testing/index.ts'", "'heddle/testing'")
    .replaceAll('../../machines/examples/', './');

it('shows the chart of the greeter as it is', () => {
  const file = read('machines/examples/greeter.ts');
  const chart = /export (const greeter = [\s\S]*?^\}\);)/m.exec(file)?.[1];
  expect(chart).toContain("src: 'generate'");
  expect(read('README.md')).toContain(chart);
});

it('shows tests that are run, in docs/testing.md', () => {
  const tests = readdirSync(new URL('test/examples/', root))
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => asUser(read(`test/examples/${name}`)));
  const blocks = [...read('docs/testing.md').matchAll(/```ts\n([\s\S]*?)```/g)];
  const shown = blocks.flatMap(([, block = '']) => block.trim().split(/\n\n(?=it\()/));
  expect(shown.length).toBeGreaterThan(8);
  const strange = shown.filter((part) => !tests.some((test) => test.includes(part.trim())));
  expect(strange).toEqual([]);
});

/** What stands in a block of docs/agents.md under the name, with its imports; the page leaves the scales open. */
async function shown(block: string, name: string): Promise<unknown> {
  const imports = [...block.matchAll(/^import (?:\* as )?(.+) from '(.+)';$/gm)];
  const modules: Record<string, unknown> = {};
  for (const [, , from = ''] of imports) {
    modules[from] = from === 'heddle' ? heddle : await import(/* @vite-ignore */ from);
  }
  const head = imports.map(([, names = '', from = '']) => `const ${names} = modules['${from}'];`);
  const body = block.replaceAll(/^import .*$/gm, '');
  // The first block imports what the later ones use.
  const around = `{ ${head.join('')} ${body}; return ${name}; }`;
  const run = compileFunction(around, ['modules', 'tool', 'scales']) as (
    ...given: readonly unknown[]
  ) => unknown;
  return run(modules, heddle.tool, (yarn: string) => Promise.resolve({ grams: yarn.length }));
}

const tools = [...read('docs/agents.md').matchAll(/```js\n([\s\S]*?)```/g)]
  .map(([, block = '']) => block)
  .filter((block) => block.includes('const weigh = tool('));

it('shows the tool of each library', () => {
  for (const library of ['zod', 'valibot', 'arktype']) {
    expect(tools.filter((block) => block.includes(`from '${library}'`))).toHaveLength(1);
  }
});

it.each(tools)('shows a tool that runs %#', async (block) => {
  const weigh = (await shown(block, 'weigh')) as heddle.AuthorTool;
  const inputs = [{ yarn: 5 }, { yarn: 'merino' }];
  const of = model((at) => {
    const input = inputs[at - 1];
    return input === undefined ? undefined : { calls: [{ name: 'weigh', input }] };
  });
  const agents = [heddle.toolLoop({ id: 'clerk', tools: { weigh } })];
  const world = await oneReplica({ agents, providers: [of] });
  const run = await world.heddle.start('clerk', { input: { prompt: 'Weigh the merino.' } });
  await world.clock.advance(60_000);
  expect(await run.output({ timeoutMs: 1 })).toMatchObject({ end: 'answered' });
  expect(JSON.stringify(lastResults(of.heard.at(-2)))).toContain(
    'The arguments of weigh do not fit',
  );
  expect(JSON.stringify(lastResults(of.heard.at(-1)))).toContain('{\\"grams\\":6}');
  await world.heddle.close();
});
