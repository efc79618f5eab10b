/** What README and docs show is what the tests of this folder run. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

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
