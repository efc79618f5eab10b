/** The rules that requests are held against, held themselves against requests of which it is known. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { anthropicRefusal } from './rules/anthropic.ts';
import { ollamaRefusal } from './rules/ollama.ts';
import { openaiRefusal } from './rules/openai.ts';
import { anthropicFailing, anthropicPassing } from './table/anthropic.ts';
import { ollamaFailing, ollamaPassing } from './table/ollama.ts';
import { openaiFailing, openaiPassing } from './table/openai.ts';

const vendors = [
  {
    vendor: 'Anthropic',
    refusal: anthropicRefusal,
    passing: anthropicPassing,
    failing: anthropicFailing,
  },
  { vendor: 'Ollama', refusal: ollamaRefusal, passing: ollamaPassing, failing: ollamaFailing },
  {
    vendor: 'chat completions',
    refusal: openaiRefusal,
    passing: openaiPassing,
    failing: openaiFailing,
  },
];
const passing = vendors.flatMap(({ passing: rows, ...of }) =>
  rows.map((row) => ({ ...of, ...row })),
);
const failing = vendors.flatMap(({ failing: rows, ...of }) =>
  rows.map((row) => ({ ...of, ...row })),
);

describe('rules of requests', () => {
  it('are tried with 40 requests that must pass and 40 that must fail', () => {
    expect([passing.length, failing.length]).toEqual([40, 40]);
  });

  it('know nothing of heddle', () => {
    const folder = new URL('rules/', import.meta.url);
    const sources = readdirSync(folder).flatMap((file) =>
      [...readFileSync(new URL(file, folder), 'utf8').matchAll(/from '([^']+)'/g)].map(
        ([, at]) => at,
      ),
    );
    const foreign = sources.filter((from) => !/^(\.\/[a-z-]+\.ts|node:crypto)$/.test(from ?? ''));
    expect(sources.length).toBeGreaterThan(5);
    expect(foreign).toEqual([]);
  });

  it.each(passing)('$vendor takes $what', ({ refusal, body }) => {
    expect(refusal(body)).toBeNull();
  });

  it.each(failing)('$vendor refuses $what', ({ refusal, body, by }) => {
    expect(refusal(body)).toMatch(by);
  });
});
