/**
 * Listeners of abort signals that throw or reject: Node throws that on the process. vitest fails a
 * file in which an exception or a rejection reached it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { fromPromise, setup } from 'xstate';
import { expect, it } from 'vitest';
import { task } from '../../../src/index.ts';
import { guardSignal } from '../../../src/runtime/host/guarded-signal.ts';
import type { Provider } from '../../../src/providers/port.ts';
import { oddKinds, oddValue } from '../../support/odd-values.ts';
import { oneReplica } from '../../support/replica.ts';

const listens: Record<string, (signal: AbortSignal, kind: string) => void> = {
  'a function': (signal, kind) =>
    signal.addEventListener('abort', () => {
      throw oddValue(kind);
    }),
  'an async function': (signal, kind) => {
    const rejecting: () => unknown = async () => {
      throw oddValue(kind);
    };
    signal.addEventListener('abort', () => rejecting(), { once: true });
  },
  'an object': (signal, kind) =>
    signal.addEventListener('abort', {
      handleEvent: () => {
        throw oddValue(kind);
      },
    }),
  onabort: (signal, kind) => {
    signal.onabort = () => {
      throw oddValue(kind);
    };
  },
};

const never = () => new Promise<never>(() => undefined);

it.each(Object.keys(listens))('%s that throws, of a task', async (how) => {
  for (const kind of oddKinds) {
    const listen = (signal: AbortSignal) => listens[how]?.(signal, kind);
    const work = ({ signal }: { readonly signal: AbortSignal }) => {
      listen(signal);
      return never();
    };
    const agent = setup({
      actors: {
        work: task(work),
        plain: fromPromise(work),
      },
    }).createMachine({
      id: 'odd',
      initial: 'working',
      states: {
        working: {
          invoke: [
            { id: 'work', src: 'work' },
            { id: 'plain', src: 'plain' },
          ],
          after: { 10: 'over' },
        },
        over: { type: 'final' },
      },
    });
    const world = await oneReplica({ agents: [agent] });
    const run = await world.heddle.start('odd');
    await world.clock.advance(20);
    expect(await run.status()).toBe('completed');
    await world.heddle.close();
    await sleep(1);
    expect(world.warnings.join().match(/abort signal failed/g), kind).toHaveLength(2);
  }
});

it.each(Object.keys(listens))('%s that throws, of a provider', async (how) => {
  for (const kind of oddKinds) {
    const call: Provider['call'] = ({ signal }) => {
      listens[how]?.(signal, kind);
      return never();
    };
    const world = await oneReplica({ providers: [{ name: 'odd', ceiling: 1, call }] });
    const steps = [{ do: 'generate', with: { prompt: 'x' } }] as const;
    const run = await world.heddle.start('script', { input: { steps } });
    await world.clock.idle();
    await run.cancel();
    await world.clock.idle();
    expect(await run.status()).toBe('cancelled');
    await world.heddle.close();
    await sleep(1);
    expect(world.warnings.join(), kind).toContain('abort signal failed');
  }
});

it('is a real signal all the same', async () => {
  const abort = new AbortController();
  const failures: unknown[] = [];
  const signal = guardSignal(abort.signal, (thrown) => failures.push(thrown));
  expect(signal).toBe(abort.signal);
  const heard: string[] = [];
  const removed = (): void => void heard.push('removed');
  const kept = function (this: AbortSignal, event: Event): void {
    heard.push(`${event.type} ${String(this === signal)}`);
  };
  signal.addEventListener('abort', removed);
  signal.removeEventListener('abort', removed);
  signal.addEventListener('abort', kept);
  signal.addEventListener('abort', kept);
  signal.onabort = removed;
  signal.onabort = null;
  const slept = sleep(60_000, null, { signal }).catch((error: unknown) => (error as Error).name);
  const fetched = fetch('http://127.0.0.1:9', { signal }).catch(
    (error: unknown) => (error as Error).name,
  );
  const any = AbortSignal.any([signal]);
  abort.abort();
  expect(any.aborted).toBe(true);
  expect(await slept).toBe('AbortError');
  expect(await fetched).toBe('AbortError');
  expect([heard, failures]).toEqual([['abort true'], []]);
});
