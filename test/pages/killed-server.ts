/** The server of `child.ts` as a process: killed without a word, and started again at the same address. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { compiled } from '../support/compiled.ts';

export class KilledServer {
  readonly #args: readonly string[];
  #child: ChildProcess | null = null;
  url = '';

  /** The database, then the addresses of the two models. */
  constructor(databaseUrl: string, models: readonly [string, string]) {
    this.#args = [databaseUrl, ...models];
  }

  async start(): Promise<void> {
    const [databaseUrl = '', ...models] = this.#args;
    const port = this.url === '' ? '0' : new URL(this.url).port;
    const args = [await compiled('test/pages/child.ts'), databaseUrl, port, ...models];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#child = child;
    this.url = await new Promise<string>((resolve, reject) => {
      createInterface({ input: child.stdout }).once('line', resolve);
      child.once('exit', (code) => reject(new Error(`the server ended with ${code}`)));
    });
  }

  async kill(): Promise<void> {
    const child = this.#child;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }
}
