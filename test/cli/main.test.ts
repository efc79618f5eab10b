import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { called } from './called.ts';
import { heddle } from './spawned.ts';

const manifest = new URL('../../package.json', import.meta.url);
const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { readonly version: string };

/** Time for a process of its own on a machine that is busy. */
const timeout = 240_000;

it('says its version, from wherever it was started', { timeout }, async () => {
  expect(await heddle('--version').ended).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
});

it('says what it can do, and what its exit codes mean', async () => {
  const { code, stdout } = await called('--help');
  expect(code).toBe(0);
  for (const word of [
    'circuits',
    'runs',
    'run',
    'send',
    'cancel',
    'migrate',
    'postgres',
    'emulate',
  ]) {
    expect(stdout).toContain(`  ${word} `);
  }
  expect(stdout).toMatch(/Exit codes:\n {2}0 .*\n {2}1 .*\n {2}2 /);
});

it.each([
  [['circuits', '--nope'], "unknown option '--nope'"],
  [['weave'], "unknown command 'weave'"],
  [['run'], "missing required argument 'agent'"],
  [['circuits', '--mode', 'charts'], 'invalid-field: mode must be one of'],
  [['runs', '--status', 'done'], 'invalid-field: status must be one of queued'],
  [['send', 'x', 'go', '{'], 'invalid-json: json:'],
])('promise 11: bad usage ends with 2: %j', async (args, said) => {
  const { code, stdout, stderr } = await called(...args);
  expect(stderr).toContain(said);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
});

it('does what it should though nobody reads its errors', { timeout }, async () => {
  const { child, ended } = heddle('runs', '--limit', 'many');
  child.stderr?.destroy();
  expect((await ended).code).toBe(2);
});
