/**
 * The gates of all providers, read once a second while somebody watches them, and told when they have changed.
 */
import { thrownText } from '../../../domain/thrown.ts';
import type { Live } from '../../../library/live/live.ts';
import type { ProviderView } from '../../../store/provider-rows.ts';
import type { Topic, TopicFrame } from '../topic.ts';

const lookMs = 1_000;

export class Gates {
  readonly #live: Pick<Live, 'clock' | 'log' | 'reads'>;
  readonly #hearers = new Set<() => void>();
  #gates: readonly ProviderView[] | null = null;
  #cancel: () => void = () => undefined;

  constructor(live: Pick<Live, 'clock' | 'log' | 'reads'>) {
    this.#live = live;
  }

  /** Null: not read yet. */
  get gates(): readonly ProviderView[] | null {
    return this.#gates;
  }

  watch(changed: () => void): () => void {
    this.#hearers.add(changed);
    if (this.#hearers.size === 1) void this.#look();
    return () => {
      if (!this.#hearers.delete(changed) || this.#hearers.size > 0) return;
      this.#cancel();
      this.#gates = null;
    };
  }

  async #look(): Promise<void> {
    try {
      const gates = await this.#live.reads.providers();
      const isNews = JSON.stringify(lasting(gates)) !== JSON.stringify(lasting(this.#gates ?? []));
      const isFirst = this.#gates === null;
      this.#gates = gates;
      if (isNews || isFirst) for (const changed of this.#hearers) changed();
    } catch (error) {
      this.#live.log.warn('gates could not be read', { error: thrownText(error) });
    }
    this.#cancel();
    if (this.#hearers.size === 0) return;
    this.#cancel = this.#live.clock.setTimer(lookMs, () => void this.#look());
  }
}

/** Without what only counts down. */
function lasting(gates: readonly ProviderView[]): unknown {
  return gates.map(({ coolForMs, probeInMs, lastFault, ...gate }) => {
    const fault = lastFault?.text ?? null;
    return { ...gate, isCooling: coolForMs > 0, isProbed: probeInMs > 0, fault };
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
