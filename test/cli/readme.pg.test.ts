/** The README's quick start over HTTP, typed into a shell as it stands there. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { createClient } from '../../src/client/index.ts';
import { testDatabase } from '../support/postgres.ts';
import { listening } from './listening.ts';
import { heddle } from './spawned.ts';

const database = await testDatabase();
const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
const chapter = /\n## Over HTTP\n([\s\S]*?)\n## /.exec(readme)?.[1] ?? '';
const blocks = [...chapter.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block = '']) => block);

it(
  'the lines for curl start a run, follow it, read it and say why',
  { timeout: 240_000 },
  async () => {
    await promisify(execFile)('curl', ['--version']).catch((cause: unknown) => {
      throw new Error('This test types the README into a shell: install curl.', { cause });
    });
    const [, args = ''] = /^npx heddle (serve [^#\n]*)/m.exec(blocks[0] ?? '') ?? [];
    const words = args.trim().split(/\s+/);
    const server = heddle(...words, '--port', '0', '--database-url', database);
    const { url } = await listening(server);
    const lines = blocks.find((block) => block.includes('curl')) ?? '';
    expect(lines).toContain('http://127.0.0.1:7070/');
    // -e: the first line that fails ends the shell with its exit code.
    const { stdout } = await promisify(execFile)('sh', [
      '-ec',
      lines.replaceAll('http://127.0.0.1:7070', url),
    ]);
    const [run, ...others] = (await createClient({ url }).runs.list()).items;
    expect(others).toEqual([]);
    expect(run).toMatchObject({ agent: 'researcher', status: 'completed' });
    for (const word of ['event: turn', 'event: ended']) {
      expect(stdout).toContain(word);
    }
    const [outcome, why] = stdout
      .slice(stdout.lastIndexOf('event: end\n'))
      .split('\n\n')
      .slice(1)
      .join('')
      .split(/(?<=\})\s*(?=\{)/)
      .map((text): unknown => JSON.parse(text));
    expect(outcome).toMatchObject({ id: run!.id, status: 'completed' });
    expect(why).toMatchObject({ runId: run!.id });
    server.child.kill('SIGTERM');
    expect((await server.ended).code).toBe(0);
  },
);
