/** The tip's lines, and the arrows: what `why` and journals tell, and nothing beside it. */
import { describe, expect, it } from 'vitest';
import type { Turn, TurnEntry, Why } from '../../src/client/index.ts';
import { tipLines } from '../../src/ui/activity/weave/tip-words.ts';
import { wakesIn } from '../../src/ui/activity/weave/wakes.ts';

const id = (n: number): string => `0197a4f1-0000-7cc3-98c4-${String(n).padStart(12, '0')}`;

const why = (parts: Partial<Why>): Why => ({
  runId: id(1),
  agent: 'evaluator',
  version: '1',
  status: 'waiting-on-channel',
  sinceMs: 0,
  words: '',
  waits: [],
  unknown: null,
  lastError: null,
  ...parts,
  chain: { hops: [], circle: [], nobodyOpen: [], isCut: false, ...parts.chain },
});

const hop = (n: number, agent: string, words: string): Why['chain']['hops'][number] => ({
  runId: id(n),
  agent,
  status: 'calling-provider',
  waitedForBy: id(1),
  depth: 1,
  as: 'publisher',
  canPublish: 'by-chart',
  waits: [],
  words,
});

describe('the tip', () => {
  it('tells the channel, then the runs of the pipeline that stand before the run', () => {
    const waits = [{ kind: 'channel', channels: ['editing-done/c1'] }];
    const hops = [hop(2, 'editor', 'waits for research'), hop(3, 'researcher', 'is out at a')];
    const chain = { hops, circle: [], nobodyOpen: [], isCut: false };
    expect(tipLines(why({ waits, chain }))).toEqual([
      'for a message on editing-done/c1',
      'of editor …000002: waits for research',
      'of researcher …000003: is out at a',
    ]);
  });

  it('tells the place in line', () => {
    const place = { length: 12, aheadOfSameUser: 2, estimateMs: 4_200 };
    expect(tipLines(why({ waits: [{ kind: 'slot', place }] }))).toEqual([
      '12 wait in its line, 2 of its user before it, its turn in about 4.2 s',
    ]);
    const alone = { length: 1, aheadOfSameUser: 0, estimateMs: null };
    expect(tipLines(why({ waits: [{ kind: 'slot', place: alone }] }))).toEqual([
      'nobody else waits in its line',
    ]);
    expect(tipLines(why({ waits: [{ kind: 'slot', place: null }] }))).toEqual([]);
  });

  it('is short, and says so; circles and channels without a publisher are told', () => {
    const hops = Array.from({ length: 7 }, (_, n) => hop(n, 'a', 'waits'));
    const nobodyOpen = [{ runId: id(1), channels: ['x', 'y'] }];
    const lines = tipLines(
      why({ chain: { hops, circle: [id(1), id(2)], nobodyOpen, isCut: true } }),
    );
    expect(lines.slice(4)).toEqual([
      'and 3 more runs',
      'These runs wait for one another: none can go on.',
      'No open run can publish on x, y any more.',
    ]);
  });
});

const turn = (n: number, ...entries: readonly TurnEntry[]): Turn => ({
  turn: n,
  build: null,
  atMs: n * 1_000,
  status: null,
  entries,
});
const taken = (...ids: readonly string[]): TurnEntry => ({
  kind: 'done',
  id: 'wait',
  output: { messages: ids.map((messageId) => ({ channel: 'x', seq: 1, messageId })) },
});

describe('the arrows', () => {
  it('lead from the run that a message names to the run that took it, when it did', () => {
    const turns = [turn(1), turn(2, taken(`${id(2)}:3:0`)), turn(5, taken(`${id(3)}:1:2`))];
    expect(wakesIn(id(1), turns)).toEqual([
      { runId: id(1), byRunId: id(2), atMs: 2_000 },
      { runId: id(1), byRunId: id(3), atMs: 5_000 },
    ]);
  });

  it('are one where several messages of a run came at once', () => {
    const turns = [turn(2, taken(`${id(2)}:3:0`, `${id(2)}:3:1`))];
    expect(wakesIn(id(1), turns)).toHaveLength(1);
  });

  it('are none for messages from outside, the run’s own, and what it has published', () => {
    const published: TurnEntry = { kind: 'done', output: { messageId: `${id(2)}:3:0` } };
    const turns = [turn(1, taken(id(9), `${id(1)}:1:0`), published), turn(2, { kind: 'start' })];
    expect(wakesIn(id(1), turns)).toEqual([]);
  });
});
