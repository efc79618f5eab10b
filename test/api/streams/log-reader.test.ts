/** The reads that all streams of a replica share: none of them is another's trouble. */
import { expect, it } from 'vitest';
import { oneTenant } from '../../../src/access/scopes.ts';
import { LogReader, type ChannelReader } from '../../../src/api/streams/logs/log-reader.ts';
import { heddleError } from '../../../src/domain/errors.ts';
import type { LiveReads } from '../../../src/library/live/live.ts';
import type { ChannelLogRead } from '../../../src/store/watch-port.ts';
import { ManualClock } from '../../support/manual-clock.ts';

const scope = oneTenant('t');
const log = { info: () => undefined, warn: () => undefined };

function logs(channelLogs: (reads: readonly ChannelLogRead[]) => readonly string[]) {
  const clock = new ManualClock();
  const asked: (readonly string[])[] = [];
  const reads = {
    channelLogs: async (some: readonly ChannelLogRead[]) => {
      asked.push(some.map(({ channel }) => channel));
      return channelLogs(some).map(() => ({ after: 0, head: 0, rows: [] }));
    },
  } as unknown as LiveReads;
  const reader = new LogReader({ clock, log, reads });
  return { clock, asked, reader };
}

function channel(name: string, isFull = false) {
  const of = { pages: 0 };
  const reader: ChannelReader = {
    kind: 'channel',
    isUnsure: true,
    next: () => (isFull ? null : { scope, channel: name, after: 0, limit: 50 }),
    page: () => void (of.pages += 1),
  };
  return { of, reader };
}

it('a log that the store refuses to read stops none of the others', async () => {
  const { clock, reader, asked } = logs((some) => {
    const names = some.map(({ channel: name }) => name);
    if (names.includes('bad')) throw heddleError('store-poison', { reason: 'it is bad' });
    return names;
  });
  const all = ['a', 'b', 'bad', 'c', 'd'].map((name) => channel(name));
  for (const one of all) reader.join(one.reader);
  await clock.advance(500);
  expect(all.map(({ of }) => of.pages)).toEqual([1, 1, 0, 1, 1]);
  await clock.advance(10_000);
  expect(all.map(({ of }) => of.pages > 5)).toEqual([true, true, false, true, true]);
  // It is tried again by the looks, and not without a pause.
  expect(asked.filter((names) => names.join() === 'bad').length).toBeLessThan(15);
  reader.close();
});

it('logs that have no room are looked at after those that have', async () => {
  const { clock, reader } = logs((some) => some.map(({ channel: name }) => name));
  const full = Array.from({ length: 600 }, (_, i) => channel(`full-${i}`, true));
  for (const one of full) reader.join(one.reader);
  const one = channel('one');
  reader.join(one.reader);
  await clock.advance(10_000);
  expect(one.of.pages).toBeGreaterThan(3);
  reader.close();
});
