/** The page's end of its worker. It owns the worker, and what it told last as signals. */
import { computed, signal } from '@preact/signals';
import type { Access } from '../shell/ask/asker.ts';
import { streamLost } from '../shell/live.ts';
import type { Theme } from '../shell/theme.ts';
import type { Cursor, FromWorker, Pointed, Size, ToWorker, TrackName } from './words.ts';
import type { Instant } from './worker/paint/under.ts';

export type Now = Extract<FromWorker, { kind: 'now' }>;
export type Shown = Extract<FromWorker, { kind: 'view' }>;

export type Figures = Pick<Now, 'atMs' | 'counts' | 'endedPerSecond' | 'latencyMs'> & {
  readonly gates: readonly { readonly gate: string; readonly inUse: number }[];
};

export class ActivityLink {
  readonly now = signal<Now | null>(null);
  readonly view = signal<Shown | null>(null);
  readonly gates = signal<readonly string[]>([]);
  /** Where the hairline stands; null: nowhere. */
  readonly cursor = signal<Cursor | null>(null);
  /** The tracks at the hairline. */
  readonly instant = signal<Instant | null>(null);
  /** The run at which the pointer is. */
  readonly run = signal<Pointed | null>(null);
  /** What the numbers beside the tracks say: those at the hairline, else the newest. */
  readonly shown = computed<Figures | null>(() => {
    const at = this.instant.value;
    const now = this.now.value;
    if (now === null || at === null || at.counts === null) return now;
    return { ...at, counts: at.counts };
  });
  readonly state = signal<'connecting' | 'live' | 'away' | 'refused'>('connecting');
  /** Why what was before the page was opened could not be read; null: it could. */
  readonly pastTrouble = signal<string | null>(null);
  readonly #worker: Worker;
  readonly #pointers = new Map<number, (run: Pointed | null) => void>();
  readonly #leave: () => void;
  #points = 0;

  constructor(access: Access, theme: Theme) {
    this.#worker = new Worker(new URL('./worker/main.ts', import.meta.url), { type: 'module' });
    this.#worker.onmessage = ({ data }: MessageEvent<FromWorker>) => this.#heard(data);
    this.say({ kind: 'begin', access, theme });
    const seen = (): void => this.say({ kind: 'hidden', isHidden: document.hidden });
    document.addEventListener('visibilitychange', seen);
    this.#leave = () => document.removeEventListener('visibilitychange', seen);
  }

  say(words: ToWorker): void {
    this.#worker.postMessage(words);
  }

  /** From now on the worker draws into it. */
  give(track: TrackName, canvas: HTMLCanvasElement, size: Size): void {
    const given = canvas.transferControlToOffscreen();
    this.#worker.postMessage({ kind: 'canvas', track, canvas: given, size } satisfies ToWorker, [
      given,
    ]);
  }

  pointed({ x, y }: { readonly x: number; readonly y: number }): Promise<Pointed | null> {
    const id = ++this.#points;
    return new Promise((resolve) => {
      this.#pointers.set(id, resolve);
      this.say({ kind: 'point', id, x, y });
    });
  }

  /** Puts the hairline there. */
  point(at: Cursor | null): void {
    this.cursor.value = at;
    if (at === null) {
      this.instant.value = null;
      this.run.value = null;
    }
    this.say({ kind: 'cursor', at });
  }

  close(): void {
    this.#leave();
    this.#worker.terminate();
    streamLost(false);
  }

  #heard(words: FromWorker): void {
    switch (words.kind) {
      case 'now': {
        this.now.value = words;
        const names = words.gates.map(({ gate }) => gate);
        if (names.join('\n') !== this.gates.peek().join('\n')) this.gates.value = names;
        return;
      }
      case 'view':
        this.view.value = words;
        return;
      case 'under':
        // It may have been told before the pointer left.
        if (this.cursor.peek() === null) return;
        this.instant.value = words.instant;
        this.run.value = words.run;
        return;
      case 'link':
        this.state.value = words.state;
        streamLost(words.state === 'away', words.reason);
        return;
      case 'past':
        this.pastTrouble.value = words.trouble;
        return;
      case 'pointed':
        this.#pointers.get(words.id)?.(words.run);
        this.#pointers.delete(words.id);
    }
  }
}
