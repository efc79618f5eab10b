/** What files that share a process are watched for: each kind of leftover is seen, and seen to go. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { describe, expect, it, vi } from 'vitest';
import { leftOpen, open, standing } from './support/stock.ts';

const nothing = (): void => undefined;

describe('a file that shares its process is seen to leave', () => {
  it.each<readonly [string, leave: () => () => void]>([
    ['a variable', () => set(process.env, 'HEDDLE_LEFT', '1')],
    ['a global', () => set(globalThis, 'left', nothing)],
    ['another fetch', () => set(globalThis, 'fetch', nothing)],
    ['another console', () => set(console, 'log', nothing)],
    ['another chance', () => set(Math, 'random', () => 0.5)],
    [
      'a folder',
      () => {
        const folder = process.cwd();
        process.chdir('/');
        return () => process.chdir(folder);
      },
    ],
    [
      'a clock that stands',
      () => {
        vi.useFakeTimers();
        return () => void vi.useRealTimers();
      },
    ],
    [
      'who hears of what nobody caught',
      () => {
        process.on('unhandledRejection', nothing);
        return () => void process.off('unhandledRejection', nothing);
      },
    ],
  ])('%s', (_, leave) => {
    const before = standing();
    const undo = leave();
    const left = standing();
    undo();
    expect(left).not.toEqual(before);
    expect(standing()).toEqual(before);
  });

  it('a server, a socket, a timer and a child', async () => {
    expect(await leftOpen()).toEqual([]);
    const child = spawn(process.execPath, ['--eval', 'setInterval(() => 0, 1_000)']);
    expect(open()).toContain('ProcessWrap');
    child.kill('SIGKILL');
    await once(child, 'close');

    const timer = setTimeout(nothing, 60_000);
    expect(open()).toContain('Timeout');
    clearTimeout(timer);

    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    expect(open()).toContain('TCPServerWrap');
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    await once(socket, 'connect');
    expect(open()).toContain('TCPSocketWrap');
    socket.destroy();
    server.close();
    await once(server, 'close');
    expect(await leftOpen()).toEqual([]);
  });
});

/** Gives what puts it back. */
function set(holder: object, name: string, value: unknown): () => void {
  const before = Object.getOwnPropertyDescriptor(holder, name);
  Reflect.set(holder, name, value);
  return () => {
    if (before === undefined) Reflect.deleteProperty(holder, name);
    else Object.defineProperty(holder, name, before);
  };
}
