/**
 * The gates of all providers, while somebody watches them: read once a second, and at once when a replica has written
 * the row of one. They are told when they have changed.
 *
 * 1. However many rows are written, they are read five times a second at most.
 */
import { thrownText } from '../../../domain/thrown.ts';
import type { Live } from '../../../library/live/live.ts';
import type { ProviderView } from '../../../store/provider-rows.ts';
import type { NewsBoard } from '../news-board.ts';
import type { Topic, TopicFrame } from '../topic.ts';

const lookMs = 1_000;
const gatherMs = 200;

export class Gates {
  readonly #live: Pick<Live, 'clock' | 'log' | 'reads'>;
  readonly #hearers = new Set<() => void>();
  #gates: readonly ProviderView[] | null = null;
  readonly #board: Pick<NewsBoard, 'follow'>;
  #cancel: () => void = () => undefined;
  #leave: () => void = () => undefined;
  #isLooking = false;
  #isSoon = false;

  constructor(live: Pick<Live, 'clock' | 'log' | 'reads'>, board: Pick<NewsBoard, 'follow'>) {
    this.#live = live;
    this.#board = board;
  }

  /** Null: not read yet. */
  get gates(): readonly ProviderView[] | null {
    return this.#gates;
  }

  watch(changed: () => void): () => void {
    this.#hearers.add(changed);
    if (this.#hearers.size === 1) {
      const soon = (): void => this.#soon();
      this.#leave = this.#board.follow({ kind: 'gates' }, { heard: soon, missed: soon });
      void this.#look();
    }
    return () => {
      if (!this.#hearers.delete(changed) || this.#hearers.size > 0) return;
      this.#cancel();
      this.#leave();
      this.#gates = null;
    };
  }

  #soon(): void {
    if (this.#isSoon) return;
    this.#isSoon = true;
    if (!this.#isLooking) this.#lookIn(gatherMs);
  }

  #lookIn(waitMs: number): void {
    this.#cancel();
    this.#cancel = this.#live.clock.setTimer(waitMs, () => void this.#look());
  }

  async #look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    this.#isSoon = false;
    try {
      const gates = await this.#live.reads.providers();
      if (this.#hearers.size === 0) return void (this.#isLooking = false);
      const isNews = JSON.stringify(lasting(gates)) !== JSON.stringify(lasting(this.#gates ?? []));
      const isFirst = this.#gates === null;
      this.#gates = gates;
      if (isNews || isFirst) for (const changed of this.#hearers) changed();
    } catch (error) {
      this.#live.log.warn('gates could not be read', { error: thrownText(error) });
    }
    this.#isLooking = false;
    if (this.#hearers.size > 0) this.#lookIn(this.#isSoon ? gatherMs : lookMs);
  }
}

/** Without what only counts down. */
function lasting(gates: readonly ProviderView[]): unknown {
  return gates.map(({ coolForMs, probeInMs, lastFault, line, lastOrder, ...gate }) => {
    const fault = lastFault?.text ?? null;
    const order = lastOrder && { ...lastOrder, agoMs: 0 };
    const of = { line: line.length, order, fault };
    return { ...gate, ...of, isCooling: coolForMs > 0, isProbed: probeInMs > 0 };
  });
}

export class GatesTopic implements Topic {
  readonly isLog = false;
  readonly isOver = false;
  readonly about = { kind: 'providers' };
  readonly #gates: Gates;
  #isNews = false;
  #leave: () => void = () => undefined;

  constructor(gates: Gates) {
    this.#gates = gates;
  }

  begin(ready: () => void): void {
    const changed = (): void => {
      this.#isNews = true;
      ready();
    };
    if (this.#gates.gates !== null) changed();
    this.#leave = this.#gates.watch(changed);
  }

  take(): readonly TopicFrame[] {
    if (!this.#isNews) return [];
    this.#isNews = false;
    return [{ event: 'gates', data: { gates: this.#gates.gates ?? [] } }];
  }

  close(): void {
    this.#leave();
  }
}
