/** The example that the README shows is the one in machines/examples, which tests run. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const read = (file: string): string =>
  readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');

it('shows the chart of the greeter as it is', () => {
  const file = read('machines/examples/greeter.ts');
  const chart = /export (const greeter = [\s\S]*?^\}\);)/m.exec(file)?.[1];
  expect(chart).toContain("src: 'generate'");
  expect(read('README.md')).toContain(chart);
});
