/** Commands that speak to a server: exit codes, pipes, prompts, Ctrl-C. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { PassThrough, Writable } from 'node:stream';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { runCli } from '../../src/cli/run-cli.ts';
import { createClient } from '../../src/client/index.ts';
import { served } from '../api/served.ts';
import { compiled } from '../support/compiled.ts';
import { testDatabase } from '../support/postgres.ts';
import { called } from './called.ts';
import { heddle, linesOf, type Ended } from './spawned.ts';

const { url } = await served(await testDatabase());
const locked = await served(await testDatabase(), { tokensAlways: true, token: 'x'.repeat(32) });
const { runs } = createClient({ url });
const main = await compiled('src/cli/main.ts');

const cli = (...args: readonly string[]) => called(...args, '--url', url);
/** Time for processes of their own on a machine that is busy. */
const timeout = 240_000;
const loom = '{"request":"a loom"}';
const ending = '{"steps":[]}';

const started = async (pipeline: string, many = 1) =>
  runs.startAll(
    Array.from({ length: many }, () => {
      return { agent: 'approval', input: { request: 'a loom' }, pipeline };
    }),
  );

describe('exit codes of a run that is waited for', () => {
  it('0, with the output alone on standard output', async () => {
    const done = await cli('run', 'script', '--input', ending, '--wait');
    expect(done).toMatchObject({ code: 0, stderr: expect.stringContaining('has begun') as string });
    expect(JSON.parse(done.stdout)).toEqual(expect.anything());
    const whole = await cli('run', 'script', '--input', ending, '--wait', '--json');
    expect(JSON.parse(whole.stdout)).toMatchObject({ status: 'completed' });
  });

  it('1 failed, 3 cancelled, with the reason and the next command on standard error', async () => {
    const failed = await cli('run', 'torn', '--wait');
    expect(failed).toMatchObject({ code: 1, stdout: '' });
    expect(failed.stderr).toMatch(/is failed: [a-z-]+: /);
    expect(failed.stderr).toMatch(/next: heddle show [0-9a-f-]{36} --url/);
    const [run] = await started('three');
    const waiting = cli('show', run!.id, '--follow', '--jsonl');
    await runs.cancel(run!.id, 'no wool');
    const cancelled = await waiting;
    expect(cancelled.code).toBe(3);
    const lines = linesOf<{ turn?: number; status?: string }>(cancelled.stdout);
    expect(lines.at(-1)).toMatchObject({ status: 'cancelled' });
    expect(lines.slice(0, -1).map(({ turn }) => turn)).toEqual(lines.slice(1).map((_, i) => i + 1));
  });

  it('5 when it goes on, with its id', async () => {
    const late = await cli('run', 'approval', '--input', loom, '--wait', '--timeout-ms', '100');
    expect(late).toMatchObject({ code: 5, stdout: '' });
    const [, id = ''] = /heddle show ([0-9a-f-]{36}) --follow/.exec(late.stderr) ?? [];
    expect((await runs.get(id)).endedAtMs).toBeNull();
    await runs.cancel(id);
  });

  it('4 without a token that allows it, 2 for bad usage, 1 for what is not there', async () => {
    const shut = await called('runs', '--url', locked.url);
    expect(shut).toMatchObject({ code: 4, stdout: '' });
    expect(shut.stderr).toMatch(/^heddle: token-missing: .*\nnext: heddle tokens create/);
    expect(await called('runs', '--url', 'ftp://x')).toMatchObject({ code: 2, stdout: '' });
    expect((await called('runs', '--url', url, '--directory', '/x')).stderr).toContain(
      'one of them',
    );
    const old = await cli('run', '00000000-0000-7000-8000-000000000000');
    expect(old).toMatchObject({ code: 2 });
    expect(old.stderr).toContain('heddle show 00000000');
    const nobody = await cli('run', 'nobody');
    expect(nobody).toMatchObject({ code: 1, stdout: '' });
    expect(nobody.stderr).toContain('next: heddle agents list');
  });
});

it('prints ids for other commands, and reads its input from a pipe', { timeout }, async () => {
  const [run] = await started('pipes', 3);
  const heddleWord = `"${process.execPath}" "${main}"`;
  const sh = (line: string): Promise<Ended> =>
    promisify(execFile)('sh', ['-c', line.replaceAll('heddle', heddleWord)]).then(
      ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    );
  const first = await sh(`heddle runs --pipeline pipes --jsonl --url ${url} | head -n 1`);
  expect(linesOf(first.stdout)).toHaveLength(1);
  expect(first.stderr).toBe('');
  const begun = await sh(`echo '${loom}' | heddle run approval --input - --url ${url}`);
  expect(begun.stdout).toMatch(/^[0-9a-f-]{36}\n$/);
  const ended = await sh(`heddle cancel ${run!.id} ${begun.stdout.trim()} --json --url ${url}`);
  expect(JSON.parse(ended.stdout)).toEqual([
    { id: run!.id, done: true },
    { id: begun.stdout.trim(), done: true },
  ]);
});

it('Ctrl-C leaves the run alone, and says how to come back to it', { timeout }, async () => {
  const { child, ended } = heddle('run', 'approval', '--input', loom, '--follow', '--url', url);
  await once(child.stdout!, 'data');
  child.kill('SIGINT');
  const { code, stdout, stderr } = await ended;
  expect(code).toBe(5);
  expect(stdout).toMatch(/^turn 1 /);
  const [, id = ''] = /heddle show (\S+) --follow --url http/.exec(stderr) ?? [];
  expect((await runs.get(id)).endedAtMs).toBeNull();
  await runs.cancel(id);
});

describe('many runs by a filter', () => {
  /** As on a terminal, where this is typed. */
  async function typed(answer: string, ...args: readonly string[]): Promise<Ended> {
    const text = { stdout: '', stderr: '' };
    const collect = (name: 'stdout' | 'stderr'): Writable =>
      new Writable({
        write: (part: Buffer, _encoding, done) => {
          text[name] += part.toString();
          done();
        },
      });
    const stdin = Object.assign(new PassThrough(), { isTTY: true });
    stdin.end(`${answer}\n`);
    const stderr = Object.assign(collect('stderr'), { isTTY: true });
    const code = await runCli([...args, '--url', url], {
      stdout: collect('stdout'),
      stderr,
      stdin,
    });
    return { code, ...text };
  }

  const open = async (pipeline: string): Promise<number> =>
    (await runs.list({ pipeline })).items.filter(({ endedAtMs }) => endedAtMs === null).length;

  it('asks on a terminal, and does it after a yes alone', async () => {
    const [first] = await started('asked', 3);
    const no = await typed('n', 'cancel', '--pipeline', 'asked');
    expect(no.stderr).toContain(first!.id);
    expect(no.stderr).toContain('cancel these 3 runs? [y/N]');
    expect(no.stderr).toContain('Nothing was done.');
    expect(await open('asked')).toBe(3);
    const yes = await typed('y', 'cancel', '--pipeline', 'asked', '--json');
    expect(JSON.parse(yes.stdout)).toHaveLength(3);
    await expect.poll(() => open('asked'), { timeout: 30_000 }).toBe(0);
    const none = await typed('y', 'cancel', '--pipeline', 'asked', '--json');
    expect(none).toMatchObject({ code: 0, stdout: '[]\n' });
  });

  it('refuses where nobody can be asked, and takes --yes for the answer', async () => {
    await started('unasked', 2);
    const refused = await cli('pause', '--pipeline', 'unasked');
    expect(refused).toMatchObject({ code: 2, stdout: '' });
    expect(refused.stderr).toContain('invalid-field: yes is needed');
    expect(await cli('pause', '--pipeline', 'unasked', '--yes')).toMatchObject({ code: 0 });
    const paused = async () =>
      (await runs.list({ pipeline: 'unasked', status: ['paused'] })).items.length;
    await expect.poll(paused, { timeout: 30_000 }).toBe(2);
    expect(await cli('resume', '--pipeline', 'unasked', '--yes')).toMatchObject({ code: 0 });
    await expect.poll(paused, { timeout: 30_000 }).toBe(0);
    await cli('cancel', '--pipeline', 'unasked', '--yes');
  });

  it('refuses a command that names neither runs nor a filter, or both', async () => {
    expect(await cli('cancel')).toMatchObject({ code: 2, stdout: '' });
    expect(await cli('cancel', 'x', '--agent', 'y')).toMatchObject({ code: 2, stdout: '' });
  });
});

it('says why', async () => {
  const [run] = await started('why');
  const id = run!.id;
  await expect
    .poll(async () => (await runs.get(id)).status, { timeout: 30_000 })
    .toContain('person');
  expect((await cli('why', id)).stdout).toContain('waits for a person');
  const { stdout } = await cli('why', id, '--json');
  expect(JSON.parse(stdout)).toMatchObject({ runId: id, waits: [{ kind: 'person' }] });
  await runs.cancel(id);
});

it('prints a request as a line that a shell can send, without the token', async () => {
  process.env['HEDDLE_TOKEN'] = 'secret-of-this-test';
  try {
    const { code, stdout } = await cli(
      'run',
      'approval',
      '--input',
      loom,
      '--user',
      "o'hara",
      '--curl',
    );
    expect(code).toBe(0);
    expect(stdout).not.toContain('secret-of-this-test');
    expect(stdout).toContain('"Authorization: Bearer $HEDDLE_TOKEN"');
    const line = stdout.replace(/-H "Authorization[^"]*"/, '');
    const sent = await promisify(execFile)('sh', ['-c', line]);
    const { id } = JSON.parse(sent.stdout) as { readonly id: string };
    expect(await runs.get(id)).toMatchObject({ user: "o'hara", input: { request: 'a loom' } });
    await runs.cancel(id);
  } finally {
    delete process.env['HEDDLE_TOKEN'];
  }
});

it('publishes, reads, leases and acknowledges messages', async () => {
  const published = await cli('channels', 'publish', 'yarn', '{"n":1}');
  expect(published.stdout).toMatch(/^\S+\n$/);
  const read = await cli('channels', 'read', 'yarn', '--json');
  expect(JSON.parse(read.stdout)).toMatchObject([{ seq: 1, payload: { n: 1 } }]);
  const leased = await cli('channels', 'lease', 'yarn', 'g', '--jsonl');
  const [message] = linesOf<{ readonly token: string }>(leased.stdout);
  const done = await cli('channels', 'acknowledge', 'yarn', 'g', message!.token);
  expect(done).toMatchObject({ code: 0, stderr: `${message!.token} is done\n` });
  expect((await cli('channels', 'read', 'yarn', '--after', '1', '--json')).stdout).toBe('[]\n');
});

it('writes and reads memory, and a budget', async () => {
  const entry = ['user', 'ann', 'colour'];
  expect((await cli('memory', 'put', ...entry, '"red"', '--expect', '0')).code).toBe(0);
  const late = await cli('memory', 'put', ...entry, '"blue"', '--expect', '0');
  expect(late).toMatchObject({ code: 1 });
  expect(late.stderr).toContain('version-differs');
  expect((await cli('memory', 'get', ...entry)).stdout).toBe('"red"\n');
  expect((await cli('memory', 'delete', ...entry, '--expect', '1')).code).toBe(0);
  expect((await cli('memory', 'get', ...entry)).stderr).toContain('entry-unknown');
  const versions = await cli('memory', 'versions', ...entry, '--json');
  expect(JSON.parse(versions.stdout)).toMatchObject([{ deleted: true }, { value: 'red' }]);
  const budget = await cli('budget', '--user', 'ann', '--tokens', '5', '--json');
  expect(JSON.parse(budget.stdout)).toMatchObject({ budget: { tokens: 5 } });
  expect((await cli('providers')).code).toBe(0);
});

it('lists the agents of a server, and checks those of a module without any', async () => {
  const list = await cli('agents', 'list', '--json');
  const names = (JSON.parse(list.stdout) as { readonly agent: string }[]).map(({ agent }) => agent);
  expect(names.toSorted()).toEqual(['approval', 'script', 'torn']);
  const module = (name: string) => fileURLToPath(new URL(`modules/${name}.mjs`, import.meta.url));
  const fine = await called('agents', 'check', module('looms'), '--json');
  expect(fine.code).toBe(0);
  expect(JSON.parse(fine.stdout)).toMatchObject([{ agent: 'loom', error: null }]);
  const bad = await called('agents', 'check', module('refused'));
  expect(bad.code).toBe(1);
  expect(bad.stdout).toMatch(/fine \S+ {2}is durable/);
  expect(bad.stdout).toContain('agent-refused');
});

it('rerun begins a run once more, with another input', async () => {
  const [run] = await started('again', 1);
  const again = await cli('rerun', run!.id, '--input', '{"request":"once more"}');
  expect(again).toMatchObject({ code: 0 });
  const id = again.stdout.trim();
  expect(id).not.toBe(run!.id);
  const { input, tags, pipeline } = await runs.get(id);
  expect({ input, tags, pipeline }).toEqual({
    input: { request: 'once more' },
    tags: [`rerun-of:${run!.id}`],
    pipeline: 'again',
  });
  expect(await cli('rerun', run!.id, '--input', '{')).toMatchObject({ code: 2 });
  await cli('cancel', '--pipeline', 'again', '--yes');
});
