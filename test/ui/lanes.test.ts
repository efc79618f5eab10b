/** The journal's lanes: when each invocation and timer was open, and what each attempt of a call came to. */
import { describe, expect, it } from 'vitest';
import type { Attempt, TracedTurn, TurnOpened } from '../../src/client/index.ts';
import { lanesOf, type Lane } from '../../src/ui/run/journal/lanes.ts';
import { timeScale } from '../../src/ui/run/journal/time-scale.ts';
import type { TurnPage } from '../../src/ui/run/turns/turn-store.ts';

const turnOf = (turn: number, atMs: number, more: Partial<TracedTurn> = {}): TracedTurn => ({
  turn,
  atMs,
  status: 'running-task',
  build: null,
  entries: [],
  value: 'a',
  edges: [],
  opened: [],
  stopped: [],
  exact: true,
  ...more,
});

type Source = Extract<TurnOpened, { readonly kind: 'invocation' }>['source'];

const opened = (id: string, incarnation: number, source: Source = 'task'): TurnOpened => ({
  kind: 'invocation',
  id,
  incarnation,
  source,
  src: source === 'task' ? 'search' : source,
});

const attempt = (sentAtMs: number, endedAtMs: number, more: Partial<Attempt> = {}): Attempt => ({
  turn: 1,
  invocationId: 'call',
  incarnation: 1,
  attempt: 1,
  count: 1,
  provider: 'anthropic',
  how: 'answered',
  sentAtMs,
  endedAtMs,
  ...more,
});

const run = { createdAtMs: 0, endedAtMs: null, status: 'running-task', turn: 3 } as const;

function lanes(page: Partial<TurnPage>, more: object = {}): readonly Lane[] {
  const whole = { turns: [], attempts: [], open: null, ...page };
  return lanesOf(whole, { run, nowMs: 1_000, out: [], ...more }).lanes;
}

const brief = ({ id, bars }: Lane): unknown[] => [
  id,
  ...bars.map(({ kind, from, to, label }) => `${kind} ${from}-${to}${label && ` ${label}`}`),
];

describe('a lane', () => {
  it('has every invocation and timer from the turn that opened it to its end, and each start anew', () => {
    const turns = [
      turnOf(1, 100, {
        opened: [
          opened('task', 1),
          opened('kid', 2, 'child'),
          opened('ask', 3, 'ask'),
          opened('hear', 4, 'receive'),
          { kind: 'timer', id: 'after:800:m.resting', generation: 5, delayMs: 800 },
          { kind: 'timer', id: 'after:patience:m.a', generation: 6, delayMs: 9_000 },
        ],
      }),
      turnOf(2, 300, {
        entries: [
          { kind: 'failed', id: 'task', incarnation: 1 },
          { kind: 'timer', id: 'after:800:m.resting', generation: 5 },
        ],
        opened: [opened('task', 7)],
        stopped: [{ kind: 'invocation', id: 'kid', incarnation: 2 }],
      }),
      // An end of an earlier start ends no later one.
      turnOf(3, 500, {
        entries: [
          { kind: 'failed', id: 'task', incarnation: 1 },
          { kind: 'done', id: 'ask', incarnation: 3 },
        ],
      }),
    ];
    const found = lanes({ turns });
    expect(found.map(brief)).toEqual([
      ['task', 'open 100-300 ×', 'open 300-1000'],
      ['kid', 'open 100-300'],
      ['ask', 'open 100-500'],
      ['hear', 'open 100-1000'],
      ['after:800:m.resting', 'open 100-300'],
      ['after:patience:m.a', 'open 100-1000'],
    ]);
    expect(found.map(({ name, src }) => `${name} ${src}`)).toEqual([
      'task search',
      'kid child',
      'ask ask',
      'hear receive',
      'resting timer 800 ms',
      'a timer patience',
    ]);
    const looks = found.map(({ bars }) => bars[0]?.look);
    expect(looks).toEqual([
      'running-task',
      'waiting-on-child',
      'waiting-on-person',
      'waiting-on-channel',
      'waiting-on-timer',
      'waiting-on-timer',
    ]);
  });

  it('begins at the left for what was open before the first turn that is shown', () => {
    const open = [
      { kind: 'invocation', id: 'call', incarnation: 9, src: 'generate' },
      { kind: 'timer', id: 'after:800:m.a', generation: 8 },
      { kind: 'invocation', id: 'kid', incarnation: 7, source: 'child', src: 'k', agent: 'kid-1' },
      { kind: 'invocation', id: 'hear', incarnation: 6, source: 'receive', src: 'listen' },
      { kind: 'invocation', id: 'work', incarnation: 5, source: 'task', src: 'search' },
      { kind: 'invocation', id: 'old', incarnation: 4, source: null, src: 'ask' },
    ] as const;
    const turns = [
      turnOf(201, 5_000),
      turnOf(202, 6_000, { entries: [{ kind: 'done', id: 'call', incarnation: 9 }] }),
    ];
    const shown = lanes({ turns, open }, { run: { ...run, turn: 500 }, nowMs: 90_000 });
    expect(shown.map(brief)).toEqual([
      ['call', 'waits 5000-6000'],
      ['after:800:m.a', 'open 5000-6000'],
      ['kid', 'open 5000-6000'],
      ['hear', 'open 5000-6000'],
      ['work', 'open 5000-6000'],
      ['old', 'open 5000-6000'],
    ]);
    // Named and coloured as where its turn opens it.
    expect(shown.slice(2).map(({ src, bars }) => `${src} ${bars[0]?.look}`)).toEqual([
      'kid-1 waiting-on-child',
      'receive waiting-on-channel',
      'search running-task',
      'ask waiting-on-person',
    ]);
  });

  it('shows a call thin while it waits, full while a request is out, and what each attempt came to', () => {
    const turns = [turnOf(1, 0, { opened: [opened('call', 1, 'generate')] })];
    const attempts = [
      attempt(100, 150, { how: 'rate-limited', waitMs: 200, count: 3 }),
      attempt(400, 450, { how: 'outage', fault: 'HTTP 503 from it' }),
      attempt(600, 610, { how: 'cut' }),
      attempt(700, 900, { how: 'rate-limited', waitMs: 60_000 }),
    ];
    const [lane] = lanes({ turns, attempts });
    expect(brief(lane as Lane)).toEqual([
      'call',
      'waits 0-1000',
      'attempt 100-150 3 × 429',
      'held-back 150-350',
      'attempt 400-450 503',
      'held-back 450-600',
      'attempt 600-610 ×',
      'held-back 610-700',
      'attempt 700-900 429',
      // It is still held back, and nobody knows what comes then.
      'held-back 900-1000',
    ]);
  });

  it('shows the request that is out now, since it was seen', () => {
    const turns = [turnOf(1, 0, { opened: [opened('call', 1, 'generate')] })];
    const out = [{ invocationId: 'call', provider: 'ollama', attempt: 2, sinceMs: 800 }];
    const attempts = [attempt(100, 150, { how: 'rate-limited', waitMs: 60_000 })];
    const [lane] = lanes({ turns, attempts }, { out, run: { ...run, turn: 1 } });
    expect(brief(lane as Lane).slice(2)).toEqual([
      'attempt 100-150 429',
      'held-back 150-800',
      'out 800-1000',
    ]);
    // Of an earlier window nothing is out.
    const [older] = lanes({ turns, attempts: [] }, { out, run: { ...run, turn: 201 } });
    expect(brief(older as Lane)).toEqual(['call', 'waits 0-1']);
  });

  it('is there for attempts alone where no chart can tell what was open', () => {
    const turns = [turnOf(1, 0, { opened: null, stopped: null, edges: null })];
    const found = lanes({ turns, attempts: [attempt(10, 20)] });
    expect(found.map(brief)).toEqual([['call', 'attempt 10-20']]);
  });
});

it('the ribbon begins with the line to begin, and of the newest turn it says what the row says', () => {
  const turns = [turnOf(1, 100), turnOf(2, 300, { status: 'calling-provider' })];
  const { ribbon, toMs } = lanesOf(
    { turns, attempts: [], open: null },
    { run: { ...run, turn: 2, status: 'backoff' }, nowMs: 1_000, out: [] },
  );
  expect(ribbon).toEqual([
    { status: 'queued', from: 0, to: 100 },
    { status: 'running-task', from: 100, to: 300 },
    { status: 'backoff', from: 300, to: 1_000 },
  ]);
  expect(toMs).toBe(1_000);
});

describe('the scale of time', () => {
  it('shortens what nothing happens in to as much as all the rest, and leads back from a place', () => {
    const { partOf, msOf, breaks } = timeScale({ fromMs: 0, toMs: 100_000 }, [100, 1_000, 2_000]);
    expect(breaks).toEqual([{ fromMs: 2_000, toMs: 100_000 }]);
    expect([0, 100, 1_000, 2_000, 100_000].map(partOf)).toEqual([0, 0.025, 0.25, 0.5, 1]);
    expect([msOf(0.25), msOf(0.75), msOf(-1), msOf(2)]).toEqual([1_000, 51_000, 0, 100_000]);
  });

  it('is even where there is nothing to shorten', () => {
    for (const marks of [[], [500], [100, 200, 300, 400, 500, 600, 700, 800, 900]]) {
      const { partOf, breaks } = timeScale({ fromMs: 0, toMs: 1_000 }, marks);
      expect(breaks).toEqual([]);
      expect(partOf(250)).toBe(0.25);
    }
  });
});
