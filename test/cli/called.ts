/** The command line within this process: for what does not depend on being one of its own. */
import { Writable } from 'node:stream';
import { runCli } from '../../src/cli/run-cli.ts';
import type { Ended } from './spawned.ts';

export async function called(...args: readonly string[]): Promise<Ended> {
  const text = { stdout: '', stderr: '' };
  const collect = (name: 'stdout' | 'stderr'): Writable =>
    new Writable({
      write: (part: Buffer, _encoding, done) => {
        text[name] += part.toString();
        done();
      },
    });
  const code = await runCli(args, { stdout: collect('stdout'), stderr: collect('stderr') });
  return { code, ...text };
}
