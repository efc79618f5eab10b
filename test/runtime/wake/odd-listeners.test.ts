/**
 * Listeners of texts that throw, reject or hear nothing of errors: neither the process, another
 * listener, the call nor the close takes harm (promise 13). vitest fails a file in which an exception
 * or a rejection reached the process.
 */
import { finalize, map, type Observable } from 'rxjs';
import { expect, it } from 'vitest';
import type { Provider } from '../../../src/providers/port.ts';
import type { TextDelta } from '../../../src/index.ts';
import { oddKinds, oddValue, thenable } from '../../support/odd-values.ts';
import { oneReplica } from '../../support/replica.ts';

/** Says nothing before somebody listens. */
const tellingAfter = (listening: Promise<void>): Provider => ({
  name: 'telling',
  ceiling: 10,
  call: async ({ onText }) => {
    await listening;
    onText?.('It lifts ');
    onText?.('a thread.');
    const usage = { inputTokens: 1, outputTokens: 1 };
    const text = 'It lifts a thread.';
    return { text, toolCalls: [], stopReason: 'end', usage, provider: 'telling', model: 'm' };
  },
});
const steps = [{ do: 'generate', with: { prompt: 'why?' } }] as const;

type Listen = (texts: Observable<TextDelta>) => void;

/** Listens to one run and to all, with a well-behaved listener behind, and runs it to its end. */
async function heardBeside(listen: Listen): Promise<readonly string[]> {
  let say = (): void => undefined;
  const listening = new Promise<void>((resolve) => (say = resolve));
  const world = await oneReplica({ providers: [tellingAfter(listening)] });
  const { heddle, clock } = world;
  listen(heddle.texts);
  const all: string[] = [];
  heddle.texts.subscribe(({ text }) => all.push(text));
  const run = await heddle.start('script', { input: { steps } });
  listen(run.texts());
  const own: string[] = [];
  run.texts().subscribe(({ text }) => own.push(text));
  say();
  await clock.idle();
  expect(await run.status()).toBe('completed');
  await heddle.close();
  // What rxjs tells by a timer is told by now.
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect(all).toEqual(['It lifts ', 'a thread.']);
  expect(own).toEqual(all);
  return world.warnings;
}

const places: Record<string, (kind: string) => Listen> = {
  'a function that throws': (kind) => (texts) =>
    texts.subscribe(() => {
      throw oddValue(kind);
    }),
  'a function that rejects': (kind) => (texts) => {
    const rejecting: () => unknown = async () => {
      throw oddValue(kind);
    };
    texts.subscribe(() => rejecting());
  },
  'a next, error and complete that throw': (kind) => (texts) => {
    const evil = (): never => {
      throw oddValue(kind);
    };
    texts.subscribe({ next: evil, error: evil, complete: evil });
  },
  'a complete that rejects by a `then` of its own': (kind) => (texts) =>
    texts.subscribe({ complete: () => thenable((_, reject) => reject(oddValue(kind))) }),
  'an operator that throws': (kind) => (texts) =>
    texts
      .pipe(
        map(() => {
          throw oddValue(kind);
        }),
      )
      .subscribe(() => undefined),
  'a listener behind an operator': (kind) => (texts) =>
    texts.pipe(map(({ text }) => text)).subscribe(() => {
      throw oddValue(kind);
    }),
  'a teardown that throws': (kind) => (texts) =>
    texts
      .pipe(
        finalize(() => {
          throw oddValue(kind);
        }),
      )
      .subscribe(),
};

it.each(Object.keys(places))('%s: whatever it throws', async (place) => {
  for (const kind of oddKinds) {
    // rxjs makes a text of what a teardown throws, and this one's has no end.
    if (place === 'a teardown that throws' && kind === 'shared parts without end') continue;
    const warnings = await heardBeside((texts) => places[place]?.(kind)(texts));
    expect(warnings.join(), kind).toContain('a listener of texts failed');
  }
});

it('a next that is a getter that throws', async () => {
  const odd = Object.defineProperty({}, 'next', {
    get: () => {
      throw new Error('no listener');
    },
  });
  const warnings = await heardBeside((texts) => texts.subscribe(odd));
  expect(warnings.join()).toContain('no listener');
});

it('a database that is away is warned of where nobody listens for errors', async () => {
  let isAway = false;
  const world = await oneReplica({
    providers: [tellingAfter(Promise.resolve())],
    between: (store) => ({
      ...store,
      run: async (...args) => {
        if (isAway) throw new Error('the database is away');
        return store.run(...args);
      },
    }),
  });
  const run = await world.heddle.start('script', { input: { steps } });
  isAway = true;
  run.texts().subscribe(() => undefined);
  const reasons: unknown[] = [];
  run.texts().subscribe({ error: (reason) => reasons.push(reason) });
  await world.clock.idle();
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect(reasons).toHaveLength(1);
  expect(world.warnings.join()).toContain('the database is away');
});
