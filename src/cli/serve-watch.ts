/**
 * `heddle serve --watch`: serves in a process of its own, which gives way to a new one when a file changes.
 *
 * It owns that process, and outlives it: a file that cannot be loaded, a port that is in use or a crash end the
 * server alone, and the next change begins it anew.
 *
 * 1. One server runs at a time: the next begins when the one before has ended.
 * 2. The server never outlives the watcher: the end of the channel between them closes it.
 * 3. A server that hears no signal, because its code goes round for ever, is killed.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { watch, type FSWatcher } from 'node:fs';
import { basename, dirname, extname } from 'node:path';
import { untilInterrupted } from './interrupts.ts';

/** A change is often several: a file is written in pieces, or several files are. */
const settleMs = 200;
/** A server that has not ended in `againMs` is told again, and ends at once; in `killMs` it is killed. */
const endTimes = { againMs: 15_000, killMs: 20_000 };

const watched: readonly string[] = ['.mjs', '.js', '.cjs', '.ts', '.mts', '.cts', '.json'];

type Watching = {
  readonly files: readonly string[];
  /** What the server is called with. */
  readonly args: readonly string[];
  readonly note: (line: string) => void;
  readonly times?: typeof endTimes;
};

/** Until a signal. What the files import from their own folders is watched with them. */
export async function serveWatched(watching: Watching): Promise<void> {
  const { files, note } = watching;
  const server = new WatchedServer(watching);
  const folders = [...new Set(files.map((file) => dirname(file)))];
  let timer: NodeJS.Timeout | undefined;
  const changed = (_event: string, name: string | null): void => {
    if (name !== null && !watched.includes(extname(name))) return;
    clearTimeout(timer);
    timer = setTimeout(() => {
      note(`heddle: ${name === null ? 'a file' : basename(name)} has changed`);
      server.renew();
    }, settleMs);
  };
  const watchers = folders.map((folder): FSWatcher => {
    const watcher = watch(folder, changed);
    watcher.on('error', (error) => note(`heddle: ${folder} is watched no more: ${error.message}`));
    return watcher;
  });
  // A second signal ends this process, and the server with it.
  const kill = (): void => server.kill();
  process.once('exit', kill);
  await untilInterrupted(async (signal) => {
    server.renew();
    if (!signal.aborted) await once(signal, 'abort');
    for (const watcher of watchers) watcher.close();
    clearTimeout(timer);
    await server.close();
  });
  process.off('exit', kill);
}

class WatchedServer {
  readonly #args: readonly string[];
  readonly #note: (line: string) => void;
  readonly #times: typeof endTimes;
  #child: ChildProcess | null = null;
  #change: Promise<void> = Promise.resolve();
  #isClosing = false;

  constructor({ args, note, times = endTimes }: Watching) {
    this.#args = args;
    this.#note = note;
    this.#times = times;
  }

  renew(): void {
    this.#change = this.#change.then(async () => {
      await this.#end();
      if (!this.#isClosing) this.#begin();
    });
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    await this.#change;
    await this.#end();
  }

  kill(): void {
    this.#child?.kill('SIGKILL');
  }

  #begin(): void {
    const child = spawn(process.execPath, [...process.execArgv, ...this.#args], {
      // In a group of its own: Ctrl-C is for the watcher, which asks the server to close, once.
      detached: true,
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.#child = child;
    const ended = (how: string): void => {
      if (this.#child !== child) return;
      this.#child = null;
      this.#note(`heddle: the server ${how}; it begins again when a file changes`);
    };
    child.once('error', (error) => ended(`cannot begin: ${error.message}`));
    child.once('exit', (code, signal) => ended(`ended with ${signal ?? code}`));
  }

  async #end(): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const over = once(child, 'exit');
    child.kill('SIGTERM');
    const { againMs, killMs } = this.#times;
    const again = setTimeout(() => child.kill('SIGTERM'), againMs);
    const kill = setTimeout(() => {
      this.#note('heddle: the server does not end; it is killed');
      child.kill('SIGKILL');
    }, killMs);
    await over;
    clearTimeout(again);
    clearTimeout(kill);
  }
}
