/** The activity page's worker: it follows the stream, decodes it and draws, so that the page itself stays free. */
import type { FromWorker, ToWorker } from '../words.ts';
import { followActivity } from './feed.ts';
import { stepMs } from './history.ts';
import { Painter } from './painter.ts';
import { Picture } from './picture.ts';

const fairUsers = 100;
const picture = new Picture(Date.now());
const painter = new Painter(picture, 'light');
let following: AbortController | null = null;
let isHidden = false;
let isDue = false;

const say = (words: FromWorker): void => postMessage(words);

/** Draws once for everything that has been told since. */
function due(): void {
  if (isDue || isHidden) return;
  isDue = true;
  requestAnimationFrame(() => {
    isDue = false;
    painter.draw(Date.now());
    say(painter.view());
  });
}

function tell(nowMs: number): void {
  say({
    kind: 'now',
    atMs: nowMs,
    counts: [...picture.counts],
    open: picture.open,
    total: picture.total,
    every: picture.every,
    isWhole: picture.isWhole,
    gates: picture.gates,
    users: picture.users(fairUsers),
    endedPerSecond: picture.endedPerSecond(nowMs),
    latencyMs: picture.latencyMs(nowMs),
  });
}

setInterval(() => {
  const nowMs = Date.now();
  picture.tick(nowMs);
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
    case 'access':
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
    case 'hidden':
      isHidden = words.isHidden;
      return undefined;
    case 'point':
      return say({ kind: 'pointed', id: words.id, run: painter.pointed(words.x, words.y) });
  }
}

function follow(access: Parameters<typeof followActivity>[0]): void {
  following?.abort();
  following = new AbortController();
  const hearer = {
    reset: (frame: Parameters<Picture['reset']>[0]) => picture.reset(frame, Date.now()),
    frame: (frame: Parameters<Picture['frame']>[0]) => picture.frame(frame, Date.now()),
    link: (state: 'live' | 'away' | 'refused', reason: string | null) =>
      say({ kind: 'link', state, reason }),
  };
  void followActivity(access, hearer, following.signal);
}
