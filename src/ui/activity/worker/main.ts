/** The activity page's worker: it follows the stream, decodes it and draws, so that the page itself stays free. */
import type { Cursor, FromWorker, ToWorker } from '../words.ts';
import type { Access } from '../../shell/ask/asker.ts';
import { followActivity, type FeedHearer } from './feed.ts';
import { stepMs } from './history.ts';
import { Painter } from './painter.ts';
import { readPast } from './past/read-past.ts';
import { Picture } from './picture.ts';

const fairUsers = 100;
const pastEveryMs = 15_000;
/** So much of the history's memory is taken a step, until it is all there: each is a task of a millisecond or two. */
const settledBytes = 4 * 2 ** 20;
const picture = new Picture(Date.now());
const painter = new Painter(picture, 'light');
let following: AbortController | null = null;
let isHidden = false;
let isDue = false;
/** When the oldest frame came that is not drawn yet. */
let heardAtMs: number | null = null;
let isAsking = false;
let askedMs = Number.NEGATIVE_INFINITY;
/** What is going on has been told in whole. */
let isKnown = false;
let isSettled = false;
let cursor: Cursor | null = null;

const say = (words: FromWorker): void => postMessage(words);

/** Draws once for everything that has been told since. */
function due(): void {
  if (isDue || isHidden) return;
  isDue = true;
  requestAnimationFrame(() => {
    isDue = false;
    const nowMs = Date.now();
    // What is drawn is shifted and never painted again, so the step that is drawn has to be there.
    picture.tick(nowMs);
    painter.draw(nowMs);
    // For who traces the browser: `npm run bench -- --only pages`.
    const afterMs = heardAtMs === null ? '' : Math.round(performance.now() - heardAtMs);
    console.timeStamp(`heddle drew ${afterMs}`);
    heardAtMs = null;
    say(painter.view());
    if (cursor !== null) say(painter.under(cursor));
  });
}

function tell(nowMs: number): void {
  say({
    kind: 'now',
    atMs: nowMs,
    counts: [...picture.counts],
    open: picture.open,
    total: picture.total,
    isKnown,
    every: picture.every,
    isWhole: picture.isWhole,
    gates: picture.gates,
    users: picture.users(fairUsers),
    endedPerSecond: picture.endedPerSecond(nowMs),
    latencyMs: picture.latencyMs(nowMs),
    slowest: picture.pipelines.slowest(nowMs),
  });
}

setInterval(() => {
  const nowMs = Date.now();
  picture.tick(nowMs);
  isSettled ||= picture.history.settle(settledBytes);
  if (isHidden) return;
  tell(nowMs);
  if (painter.window.isLive) due();
}, stepMs);

onmessage = ({ data }: MessageEvent<ToWorker>) => {
  heard(data);
  due();
};

function heard(words: ToWorker): void {
  switch (words.kind) {
    case 'begin':
      painter.recolour(words.theme);
      return follow(words.access);
    case 'theme':
      return painter.recolour(words.theme);
    case 'canvas':
      return painter.take(words.track, words.canvas, words.size);
    case 'size':
      return painter.resize(words.track, words.size);
    case 'order':
      return painter.orderBy(words.order);
    case 'isolate':
      return painter.isolate(words.look);
    case 'zoom':
      return painter.zoom(words, Date.now());
    case 'pan':
      return painter.pan(words, Date.now());
    case 'all':
      return painter.all();
    case 'show':
      return painter.show(words.spanMs, words.toMs);
    case 'cursor':
      cursor = words.at;
      return undefined;
    case 'hidden':
      isHidden = words.isHidden;
      return undefined;
    case 'point':
      return say({ kind: 'pointed', id: words.id, run: painter.pointed(words.x, words.y) });
  }
}

function follow(access: Access): void {
  following?.abort();
  following = new AbortController();
  const { signal } = following;
  const hearer: FeedHearer = {
    reset: (frame) => {
      isKnown = true;
      picture.reset(frame, Date.now());
      pastSoon(access, signal);
      due();
    },
    frame: (frame) => {
      heardAtMs ??= performance.now();
      picture.frame(frame, Date.now());
      due();
    },
    link: (state, reason) => {
      if (state === 'live') picture.begunAgain();
      say({ kind: 'link', state, reason });
    },
  };
  void followActivity(access, hearer, signal);
}

/** Lets frames and clicks in between two pieces. */
async function inPieces<Result>(pieces: Generator<void, Result>): Promise<Result> {
  for (;;) {
    const { done, value } = pieces.next();
    if (done === true) return value;
    await new Promise((resolve) => setTimeout(resolve));
  }
}

/**
 * Asks for what nobody has watched: at once where more than a moment is missing, else a few times a minute. What could not
 * be read is told, and asked for again.
 */
function pastSoon(access: Access, signal: AbortSignal, leastMs = 0): void {
  if (isAsking || !picture.unwatched.isAny) return;
  isAsking = true;
  const dueMs = Math.max(0, askedMs + pastEveryMs - Date.now());
  setTimeout(
    () => {
      askedMs = Date.now();
      void pastCame(access, signal).then((came) => {
        isAsking = false;
        painter.pastCame();
        due();
        if (came === 'filled' || signal.aborted) return;
        pastSoon(access, signal, came === 'failed' ? pastEveryMs : 0);
      });
    },
    Math.max(leastMs, picture.unwatched.isUrgent ? 0 : dueMs),
  );
}

/** `other`: it was of other runs than those that are drawn now. */
async function pastCame(
  access: Access,
  signal: AbortSignal,
): Promise<'filled' | 'other' | 'failed'> {
  try {
    const past = await readPast(access, picture.every, signal);
    const isTaken = await inPieces(picture.pastInPieces(past));
    say({ kind: 'past', trouble: null });
    return isTaken ? 'filled' : 'other';
  } catch (error) {
    if (!signal.aborted) {
      say({ kind: 'past', trouble: error instanceof Error ? error.message : String(error) });
    }
    return 'failed';
  }
}
