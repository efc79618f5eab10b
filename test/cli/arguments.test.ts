/** What the command line reads from people and shows to them. */
import { PassThrough, Readable, Writable } from 'node:stream';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { confirmed } from '../../src/cli/api/confirmed.ts';
import { jsonArgument } from '../../src/cli/api/json-argument.ts';
import { fieldsText, printList, tableOf } from '../../src/cli/api/printed.ts';

const stdinOf = (...parts: readonly Uint8Array[]) => ({
  stdin: Object.assign(Readable.from(parts), { isTTY: false }) as never,
});

it('reads letters that come in pieces, and refuses bytes that are no text', async () => {
  const bytes = Buffer.from('{"name":"Zoë 𝒳"}');
  for (let cut = 1; cut < bytes.length; cut += 1) {
    const pieces = stdinOf(bytes.subarray(0, cut), bytes.subarray(cut));
    expect(await jsonArgument('-', 'input', pieces)).toEqual({ name: 'Zoë 𝒳' });
  }
  await expect(jsonArgument('-', 'input', stdinOf(Buffer.of(0x22, 0xe9, 0x22)))).rejects.toThrow(
    'UTF-8',
  );
});

it('reads a file that begins with a mark of its byte order', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'heddle-arguments-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, 'input.json');
  await writeFile(path, '\uFEFF{"a":1}');
  expect(await jsonArgument(`@${path}`, 'input', {})).toEqual({ a: 1 });
  await writeFile(path, Buffer.of(0x22, 0xe9, 0x22));
  await expect(jsonArgument(`@${path}`, 'input', {})).rejects.toThrow('UTF-8');
});

/** A terminal that says `said`, and ends. */
function terminal(said: string) {
  const stdin = Object.assign(new PassThrough(), { isTTY: true });
  let text = '';
  const stderr = Object.assign(
    new Writable({
      write: (part: Buffer, _, done) => {
        text += part.toString();
        done();
      },
    }),
    { isTTY: true },
  );
  setImmediate(() => stdin.end(said));
  return { streams: { stdin, stderr, stdout: stderr } as never, text: () => text };
}

it.each([
  ['y\n', true],
  ['n\n', false],
  ['', false],
])('a question that is answered by %j is decided', async (said, isYes) => {
  const { streams, text } = terminal(said);
  expect(await confirmed('cancel these 3 runs?', streams)).toBe(isYes);
  expect(text().includes('Nothing was done.')).toBe(!isYes);
});

it('what others have named steers no terminal, and is whole as JSON', () => {
  const evil = 'x\u001B]0;title\u0007\u009B2J\rvisible';
  const shown = [tableOf(['user'], [[evil]]), fieldsText({ user: evil, of: { evil } })];
  let text = '';
  const stdout = new Writable({
    write: (part: Buffer, _, done) => {
      text += part.toString();
      done();
    },
  });
  const streams = { stdout, stderr: stdout };
  printList(streams, {}, [evil], { text: ([one = '']) => `${one}\nsecond`, none: '' });
  for (const one of [...shown, text]) {
    expect(one.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
    expect(one).toContain('visible');
  }
  expect(text.split('\n')).toHaveLength(3);
  text = '';
  printList(streams, { jsonl: true }, [evil], { text: () => '', none: '' });
  expect(JSON.parse(text)).toBe(evil);
});
