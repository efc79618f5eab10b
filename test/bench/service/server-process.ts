/** `heddle` as processes of their own: a server for the benchmarks, and commands beside it. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const main = fileURLToPath(new URL('../../../src/cli/main.js', import.meta.url));
const library = new URL('../../../src/index.js', import.meta.url).href;

export async function heddleCommand(...args: readonly string[]): Promise<string> {
  const { DATABASE_URL: _, ...env } = process.env;
  const { stdout } = await promisify(execFile)(process.execPath, [main, ...args], {
    env,
    timeout: 600_000,
    maxBuffer: 64_000_000,
  });
  return stdout;
}

export type ServerProcess = {
  readonly url: string;
  readonly pid: number;
  close(): Promise<void>;
};

/** `heddle serve --circuits` with two stubs of 120 places, as `heddle circuits --provider stub` has. */
export async function serverProcess(
  databaseUrl: string,
  { latencyMs }: { readonly latencyMs: number },
): Promise<ServerProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'heddle-bench-serve-'));
  const config = join(folder, 'heddle.config.mjs');
  await writeFile(
    config,
    `import { catalogue, stubProvider } from ${JSON.stringify(library)};
import { setup } from ${JSON.stringify(import.meta.resolve('xstate'))};
const stub = (name) => stubProvider({ name, ceiling: 120, latencyMs: ${latencyMs}, seed: 1 });
const parked = setup({}).createMachine({
  id: 'parked',
  initial: 'waiting',
  states: { waiting: { on: { go: 'done' } }, done: { type: 'final' } },
});
const listener = setup({ actors: { ...catalogue } }).createMachine({
  id: 'listener',
  context: ({ input }) => input,
  initial: 'listening',
  states: {
    listening: {
      invoke: {
        id: 'hear',
        src: 'receive',
        input: ({ context }) => ({ channel: context.channel }),
        onDone: { target: 'listening', reenter: true },
      },
    },
  },
});
export default { agents: [parked, listener], providers: [stub('a'), stub('b')] };`,
  );
  const serve = ['serve', '--circuits', '--config', config, '--port', '0'];
  const { url, pid, close } = await listening([main, ...serve, '--database-url', databaseUrl]);
  const closeAll = async (): Promise<void> => {
    await close();
    await rm(folder, { recursive: true, force: true });
  };
  return { url, pid, close: closeAll };
}

/** The yardstick: bare-child.ts. */
export function bareProcess(databaseUrl: string): Promise<ServerProcess> {
  return listening([fileURLToPath(new URL('bare-child.js', import.meta.url)), databaseUrl]);
}

async function listening(args: readonly string[]): Promise<ServerProcess> {
  const { DATABASE_URL: _, ...env } = process.env;
  const child = spawn(process.execPath, [...args], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const url = await new Promise<string>((resolve, reject) => {
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (part: string) => {
      text += part;
      const [, at] = /listens on (\S+)/.exec(text) ?? [];
      if (at !== undefined) resolve(at);
    });
    child.once('exit', (code) => reject(new Error(`a server ended with ${code}`)));
  });
  const close = async (): Promise<void> => {
    child.kill('SIGTERM');
    await exited;
  };
  return { url, pid: child.pid ?? 0, close };
}
