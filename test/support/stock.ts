/**
 * What a test file can leave in a process that reaches further than a module: the environment, the
 * working directory, globals, who hears of the process's events, and what is open.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { vi } from 'vitest';

/** What the next file would find otherwise. */
export function standing() {
  return {
    env: { ...process.env },
    folder: process.cwd(),
    fakeTimers: vi.isFakeTimers(),
    globals: [globalThis, console, Date, Math].map(functionsOf),
    hears: process.eventNames().map((name) => `${String(name)} ${process.listenerCount(name)}`),
  };
}

/** Functions by their names. Each global is read, for Node makes some of them when they are first asked for. */
function functionsOf(holder: object): Record<string, unknown> {
  const all = Object.getOwnPropertyNames(holder).map((name) => [name, Reflect.get(holder, name)]);
  return Object.fromEntries(all.filter(([, value]) => typeof value === 'function'));
}

/** Kinds of what keeps a process going, as Node names them; vitest itself keeps its process by none of these. */
const kinds = ['ProcessWrap', 'TCPServerWrap', 'TCPSocketWrap', 'Timeout'];

/** What is open now, an entry for each. */
export function open(): string[] {
  return process.getActiveResourcesInfo().filter((kind) => kinds.includes(kind));
}

/** What has been closed may take so long until it is gone. */
const settleMs = 5_000;
const lookMs = 20;

/** What is still open when that time is over. */
export async function leftOpen(): Promise<string[]> {
  const untilMs = performance.now() + settleMs;
  while (open().length > 0 && performance.now() < untilMs) await sleep(lookMs);
  return open();
}
