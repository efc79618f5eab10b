/** What all commands have in common: an empty list is a document, and an id that nothing has is an error by its code. */
import { describe, expect, it } from 'vitest';
import { served } from '../api/served.ts';
import { testDatabase } from '../support/postgres.ts';
import { called } from './called.ts';

const database = await testDatabase();
const { url, heddle } = await served(await testDatabase());
const empty = await served(await testDatabase(), {}, { agents: [] });
const { id: childless } = await heddle.start('script', { input: { steps: [{ do: 'wait' }] } });
const nobody = '00000000-0000-7000-8000-000000000000';

describe('an empty list', () => {
  const ofServer = [
    ['runs'],
    ['questions'],
    ['activity', '--to', '2026-01-02T00:00Z', '--from', '2026-01-01T23:00Z'],
    ['channels', 'list'],
    ['channels', 'read', 'c'],
    ['channels', 'lease', 'c', 'g'],
    ['channels', 'groups', 'quiet'],
    ['memory', 'list', 'user', 'u'],
    ['evaluations'],
    ['evaluations', '--totals'],
    ['budget', 'list'],
    ['providers'],
    ['agents', 'list'],
    ['cancel', '--agent', 'none', '--yes'],
    ['pause', '--agent', 'none', '--yes'],
    ['resume', '--agent', 'none', '--yes'],
  ].map((words) => [...words, '--url', empty.url]);
  const all = [
    ...ofServer,
    ['children', childless, '--url', url],
    ['tokens', 'list', '--database-url', database],
  ];

  it.each(all.map((words) => [words.slice(0, -2).join(' '), words] as const))(
    '%s',
    async (_name, words) => {
      const json = await called(...words, '--json');
      expect(json).toMatchObject({ code: 0, stdout: '[]\n' });
      expect(await called(...words, '--jsonl')).toMatchObject({ code: 0, stdout: '' });
      const people = await called(...words);
      expect(people).toMatchObject({ code: 0, stdout: '' });
      expect(people.stderr).toMatch(/\S/);
    },
  );
});

it('tokens are one document, or one to a line', async () => {
  const tokens = (...words: readonly string[]) =>
    called('tokens', ...words, '--database-url', database);
  for (const name of ['a', 'b']) expect(await tokens('create', name)).toMatchObject({ code: 0 });
  const names = (list: unknown) => (list as { readonly name: string }[]).map(({ name }) => name);
  expect(names(JSON.parse((await tokens('list', '--json')).stdout))).toEqual(['a', 'b']);
  const lines = (await tokens('list', '--jsonl')).stdout.trim().split('\n');
  expect(names(lines.map((line): unknown => JSON.parse(line)))).toEqual(['a', 'b']);
});

describe('an id that nothing has', () => {
  const ofServer: readonly (readonly [string, readonly string[]])[] = [
    ['run-unknown', ['show', nobody]],
    ['run-unknown', ['show', nobody, '--follow']],
    ['run-unknown', ['show', nobody, '--journal']],
    ['run-unknown', ['show', nobody, '--journal', '--json']],
    ['run-unknown', ['show', nobody, '--attempts']],
    ['run-unknown', ['show', nobody, '--attempts', '--json']],
    ['run-unknown', ['show', nobody, '--turn', '1']],
    ['run-unknown', ['why', nobody]],
    ['run-unknown', ['rerun', nobody]],
    ['run-unknown', ['children', nobody]],
    ['run-unknown', ['send', nobody, 'go']],
    ['run-unknown', ['cancel', nobody]],
    ['run-unknown', ['pause', nobody]],
    ['run-unknown', ['resume', nobody]],
    ['run-unknown', ['questions', nobody]],
    ['run-unknown', ['answer', nobody, 'q', '1']],
    ['run-unknown', ['evaluate', nobody, '1', 'good']],
    ['run-unknown', ['evaluations', nobody]],
    ['run-unknown', ['budget', '--run', nobody]],
    ['run-unknown', ['budget', '--run', nobody, '--tokens', '1']],
    ['agent-unknown', ['run', 'nobody']],
    ['agent-unknown', ['agents', 'list', 'nobody']],
    ['agent-unknown', ['agents', 'draw', 'nobody']],
    ['agent-unknown', ['agents', 'draw', 'approval', '--version', 'none']],
    ['entry-unknown', ['memory', 'get', 'user', 'u', 'k']],
    ['entry-unknown', ['memory', 'get', 'user', 'u', 'k', '--version', '1']],
    ['entry-unknown', ['memory', 'versions', 'user', 'u', 'k']],
    ['provider-unknown', ['providers', 'reopen', 'nobody']],
    ['provider-unknown', ['providers', 'probe', 'nobody']],
  ];
  const all = [
    ...ofServer.map(([code, words]) => [code, [...words, '--url', url]] as const),
    ['token-unknown', ['tokens', 'revoke', 'nobody', '--database-url', database]] as const,
  ];

  it.each(all.map(([code, words]) => [words.slice(0, -2).join(' '), code, words] as const))(
    '%s: %s',
    async (_name, code, words) => {
      const ended = await called(...words);
      expect(ended).toMatchObject({ code: 1, stdout: '' });
      expect(ended.stderr.split('\n')[0]).toMatch(new RegExp(`^heddle: ${code}: `));
    },
  );
});
