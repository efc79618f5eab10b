/** Wraps a provider and counts its calls on heddle's side. */
import { ProviderFault, type Provider } from '../index.ts';

export type ProviderCounts = {
  readonly calls: number;
  readonly peakInFlight: number;
  readonly rateLimited: number;
  readonly completed: number;
  /** The durations of all calls, added up. */
  readonly busyMs: number;
};

export class CountedProvider implements Provider {
  readonly name: string;
  /** The ceiling that heddle is told. */
  readonly ceiling: number;
  readonly startsAt: number | undefined;
  readonly #provider: Provider;
  readonly #onChange: (by: 1 | -1) => void;
  #calls = 0;
  #completed = 0;
  #rateLimited = 0;
  #inFlight = 0;
  #peak = 0;
  #busyMs = 0;
  #countedAtMs = performance.now();
  #taken = { calls: 0, rateLimited: 0, completed: 0, busyMs: 0 };

  constructor(options: {
    readonly provider: Provider;
    /** Default: the provider's own ceiling. */
    readonly ceiling?: number;
    readonly startsAt?: number | undefined;
    /** Called before each begin (1) and end (-1) of a call. */
    readonly onChange: (by: 1 | -1) => void;
  }) {
    this.#provider = options.provider;
    this.#onChange = options.onChange;
    this.name = options.provider.name;
    this.ceiling = options.ceiling ?? options.provider.ceiling;
    this.startsAt = options.startsAt ?? options.provider.startsAt;
  }

  get calls(): number {
    return this.#calls;
  }

  call(call: Parameters<Provider['call']>[0]): ReturnType<Provider['call']> {
    this.#calls += 1;
    this.#change(1);
    if (this.#inFlight > this.#peak) this.#peak = this.#inFlight;
    const answer = this.#provider.call(call);
    answer.then(this.#answered, this.#failed);
    return answer;
  }

  async close(): Promise<void> {
    await this.#provider.close?.();
  }

  /** Returns the counts since the last `take`. */
  take(): ProviderCounts {
    this.#count();
    const now = {
      calls: this.#calls,
      rateLimited: this.#rateLimited,
      completed: this.#completed,
      busyMs: this.#busyMs,
    };
    const before = this.#taken;
    const peakInFlight = this.#peak;
    this.#taken = now;
    this.#peak = this.#inFlight;
    return {
      peakInFlight,
      calls: now.calls - before.calls,
      rateLimited: now.rateLimited - before.rateLimited,
      completed: now.completed - before.completed,
      busyMs: now.busyMs - before.busyMs,
    };
  }

  /** One function serves all calls, so that none is made for each call. */
  readonly #answered = (): void => {
    this.#completed += 1;
    this.#change(-1);
  };

  readonly #failed = (error: unknown): void => {
    if (error instanceof ProviderFault && error.kind === 'rate-limited') this.#rateLimited += 1;
    this.#change(-1);
  };

  #change(by: 1 | -1): void {
    this.#onChange(by);
    this.#count();
    this.#inFlight += by;
  }

  #count(): void {
    const nowMs = performance.now();
    this.#busyMs += (nowMs - this.#countedAtMs) * this.#inFlight;
    this.#countedAtMs = nowMs;
  }
}
