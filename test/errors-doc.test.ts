import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { errorRegistry } from '../src/domain/errors.ts';

const rows = readFileSync(new URL('../docs/errors.md', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('| `'))
  .map((line) => line.split('|').map((cell) => cell.trim()));

it('lists exactly the codes of the registry, with their status and retry', () => {
  const listed = rows.map(([, code, status, retry]) => [code, status, retry]);
  const registered = Object.entries(errorRegistry).map(([code, { status, retryable }]) => [
    `\`${code}\``,
    String(status),
    retryable ? 'retryable' : 'terminal',
  ]);
  expect(listed).toEqual(registered);
});

it('says for each what to do', () => {
  for (const [, code, , , what] of rows) expect(what, code).toMatch(/\S{3}/);
});

it('lists no code that nothing raises', () => {
  const src = new URL('../src/', import.meta.url);
  const files = readdirSync(src, { recursive: true }).map(String);
  const texts = files
    .filter((file) => file.endsWith('.ts'))
    .map((file) => readFileSync(new URL(file, src), 'utf8'));
  const raised = /\b(?:heddleError|errorRecord|refused)\(\s*'([a-z-]+)'/g;
  const codes = new Set(
    texts.flatMap((text) => Array.from(text.matchAll(raised), ([, code]) => code)),
  );
  expect(Object.keys(errorRegistry).filter((code) => !codes.has(code))).toEqual([]);
});
