/** What a kill costs: calls that had ended and are bought again, and the time to take up all runs. */
import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

type Child = {
  readonly process: ChildProcess;
  readonly sent: Set<string>;
  readonly ended: Set<string>;
  /** Resolves with the milliseconds from the start of the process to the first line of this word. */
  line(word: string): Promise<number>;
};

function child(args: readonly string[]): Child {
  const startedMs = performance.now();
  const script = fileURLToPath(new URL('crash-child.js', import.meta.url));
  const running = spawn(process.execPath, [script, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const sent = new Set<string>();
  let isWarm = args[2] === '0';
  const ended = new Set<string>();
  const lines = new Map<string, number>();
  const waiting = new Map<string, (ms: number) => void>();
  createInterface({ input: running.stdout }).on('line', (line) => {
    const [word = '', key] = line.split(' ');
    if (word === 'warm') isWarm = true;
    if (key !== undefined && !isWarm) return;
    if (key !== undefined) (word === 'sent' ? sent : ended).add(key);
    if (lines.has(word)) return;
    lines.set(word, performance.now() - startedMs);
    waiting.get(word)?.(performance.now() - startedMs);
  });
  return {
    process: running,
    sent,
    ended,
    line: (word) => {
      const known = lines.get(word);
      if (known !== undefined) return Promise.resolve(known);
      return new Promise((resolve, reject) => {
        waiting.set(word, resolve);
        running.once('exit', (code) => reject(new Error(`the child ended (${code})`)));
      });
    },
  };
}

export type CrashFigures = {
  /** Of the calls that had ended before the kill, those that were made again. */
  readonly boughtAgain: number;
  readonly endedBefore: number;
  /** From the start of the new process's code to all shards owned and their runs taken up. */
  readonly resumeMs: number;
};

/** Opens `count` circuits, kills `killAfterMs` after the first call, resumes in another process. */
export async function killAndResume(
  databaseUrl: string,
  options: {
    readonly tenant: string;
    readonly count: number;
    readonly latencyMs: number;
    readonly killAfterMs: number;
  },
): Promise<CrashFigures> {
  const { tenant, count, latencyMs, killAfterMs } = options;
  const first = child([databaseUrl, tenant, String(count), String(latencyMs)]);
  await first.line('sent');
  await new Promise((resolve) => setTimeout(resolve, killAfterMs));
  first.process.kill('SIGKILL');
  await new Promise((resolve) => first.process.once('close', resolve));
  const second = child([databaseUrl, tenant, '0', String(latencyMs)]);
  const startedMs = await second.line('started');
  const ownedMs = await second.line('owned');
  await second.line('done');
  await new Promise((resolve) => second.process.once('close', resolve));
  const boughtAgain = [...first.ended].filter((key) => second.sent.has(key)).length;
  return { boughtAgain, endedBefore: first.ended.size, resumeMs: ownedMs - startedMs };
}
