/**
 * A process in which every place of an author's, host's or provider's does every odd thing. It says at
 * its end what it saw, on its last line.
 *
 * `leave`: it starts some of the runs and ends in their midst, as one that was killed. `take-up`: it starts
 * none, and brings to their end what it finds.
 */
import { writeSync } from 'node:fs';
import { createHeddle, type Heddle } from '../../src/index.ts';
import { agents, asked, kinds, provider, starts, ways } from './odd-places.ts';
import { oddValue, thenable } from '../support/odd-values.ts';

const [databaseUrl = '', what = ''] = process.argv.slice(2);
const escaped: string[] = [];
const note = (how: string) => (thrown: unknown) => {
  let words = 'something odd';
  try {
    words = (thrown as Error).stack ?? String(thrown);
  } catch {
    // It has no words.
  }
  escaped.push(`${how}: ${words.slice(0, 1_000)}`);
};
process.on('unhandledRejection', note('unhandledRejection'));
process.on('uncaughtException', note('uncaughtException'));

let turn = 0;
/** Something else each time: a throw, a rejection, or a `then` that rejects. */
function oddly(): never {
  turn += 1;
  const kind = kinds[turn % kinds.length] ?? '';
  if (turn % 3 === 0) throw oddValue(kind);
  if (turn % 3 === 1) return Promise.reject(oddValue(kind)) as never;
  return thenable((_, reject) => reject(oddValue(kind))) as never;
}

const open = [
  'queued',
  'admitted',
  'calling-provider',
  'running-task',
  'waiting-on-channel',
  'waiting-on-timer',
  'waiting-on-person',
  'waiting-on-child',
  'backoff',
] as const;

async function untilAllEnd(heddle: Heddle): Promise<readonly string[]> {
  const untilMs = performance.now() + 90_000;
  for (;;) {
    const left = await heddle.runs({ statuses: open, limit: 20 });
    if (left.length === 0) return [];
    if (performance.now() > untilMs) {
      return left.map(({ agent, status, reason, inputText }) =>
        [agent, status, reason, inputText?.slice(0, 200)].join(' | '),
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** What a host hands over, at each entrance. */
async function handOver(heddle: Heddle): Promise<number> {
  const quiet = await heddle.start('an assign', {
    input: { place: 'an assign', kind: 'undefined', way: 'gives' },
  });
  let refused = 0;
  for (const kind of kinds) {
    const odd = oddValue(kind) as never;
    const inside = (): object => ({
      odd: Promise.reject(oddValue('a symbol')),
      beside: odd as unknown,
    });
    const calls: readonly (() => Promise<unknown>)[] = [
      () => heddle.start('an assign', { input: odd }),
      () => heddle.start('an assign', odd),
      () => heddle.start('an assign', { input: inside() }),
      () => heddle.start(odd),
      () => heddle.startAll(odd),
      () => heddle.publish('odd', odd),
      () => heddle.publish('odd', inside()),
      () => heddle.remember({ scope: 'user', user: 'u' }, 'odd', inside()),
      () => heddle.remember(odd, 'odd', odd),
      () => quiet.send(odd),
      () => quiet.send({ type: 'GO', inside: inside() }),
      () => quiet.answer('odd', inside()),
      () => quiet.cancel(odd),
    ];
    for (const call of calls) {
      await Promise.resolve()
        .then(() => call())
        .catch(() => (refused += 1));
    }
  }
  return refused;
}

const heddle = await createHeddle({
  databaseUrl,
  agents,
  providers: [provider],
  log: { info: oddly, warn: oddly },
  settings: { leaseMs: 1_000, pollMs: 200 },
});
heddle.texts.subscribe(oddly);
heddle.texts.subscribe({ next: oddly, error: oddly, complete: oddly });
let refused = 0;
if (what !== 'take-up') {
  const some = what === 'leave' ? starts.filter((_, i) => i % 5 === 0) : starts;
  for (let i = 0; i < some.length; i += 500) {
    const runs = await heddle.startAll(some.slice(i, i + 500));
    for (const run of runs.slice(0, 100)) {
      run.on('*', oddly);
      run.texts().subscribe(oddly);
    }
  }
  if (what === 'leave') process.exit(escaped.length);
  refused = await handOver(heddle);
}
const left = await untilAllEnd(heddle);
const stalled = await heddle.runs({ statuses: ['stalled'], limit: 20 });
let closed = 'well';
await heddle.close().catch(() => (closed = 'with an error'));
// What rejects late does so by now.
await new Promise((resolve) => setTimeout(resolve, 100));
const of = { places: agents.map(({ id }) => id), ways: ways.length, kinds: kinds.length };
const seen = { escaped, left, refused, closed, of, asked: Object.fromEntries(asked) };
writeSync(1, `\n${JSON.stringify({ ...seen, stalled: stalled.map(({ reason }) => reason) })}\n`);
process.exit(0);
