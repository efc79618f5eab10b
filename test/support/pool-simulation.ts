/** A pool at providers that enforce a ceiling, in virtual time: nothing here waits. */
import { poolCall } from './pool-calls.ts';
import { Pool, type PoolCall } from '../../src/providers/capacity/pool.ts';
import type { ProviderSpec } from '../../src/providers/capacity/gates.ts';

type SimulatedProvider = ProviderSpec & {
  /** What it really takes at once, at this time. */
  readonly takes: (nowMs: number) => number;
};

export type Simulated = {
  readonly slotUse: number;
  readonly refusedPerThousand: number;
  readonly wallMs: number;
  readonly completed: number;
  /** Slot use by provider second: [from, to) in milliseconds. */
  useBetween(fromMs: number, toMs: number): number;
};

export type SimulationOptions = {
  readonly providers: readonly SimulatedProvider[];
  readonly calls: number;
  readonly latencyMs?: number;
  readonly retryAfterMs?: number;
  /** From a grant to its arrival, and from an answer to its release: a commit each. */
  readonly commitMs?: number;
  /** In how short a time a 429 is answered. */
  readonly refusalMs?: number;
  /** Share of the calls that are refused at random. */
  readonly refusedAtRandom?: number;
  readonly forMs?: number;
};

type Happening = { readonly atMs: number; readonly order: number; run(): void };

/** xorshift: the same run for the same seed. */
export function seeded(seed: number): () => number {
  let state = seed | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

class Simulation {
  readonly pool: Pool<PoolCall>;
  nowMs = 0;
  refused = 0;
  completed = 0;
  sent = 0;
  readonly usedMs: number[] = [];
  readonly offeredMs: number[] = [];
  readonly #options: SimulationOptions;
  readonly #random = seeded(7);
  readonly #inFlight = new Map<string, number>();
  #happenings: Happening[] = [];
  #order = 0;

  constructor(options: SimulationOptions) {
    this.#options = options;
    this.pool = new Pool({ providers: options.providers, share: 1, random: this.#random });
    for (let i = 0; i < options.calls; i++) {
      const key = `k${i}`;
      const place = { tenant: 't', user: `u${i % 100}`, pipeline: key, pipelineStartedAtMs: i };
      this.pool.enqueue(poolCall({ key, ...place }), 0);
    }
  }

  run(): void {
    const { calls, forMs = Infinity } = this.#options;
    while (this.completed < calls && this.nowMs < forMs) {
      this.#grant();
      const next = this.#happenings[0]?.atMs ?? Infinity;
      const due = Math.max(this.pool.nextDueMs() ?? Infinity, this.nowMs + 1);
      const toMs = Math.min(next, due);
      if (toMs === Infinity) throw new Error('the simulation stands still');
      this.#pass(toMs);
      while ((this.#happenings[0]?.atMs ?? Infinity) <= this.nowMs) this.#happenings.shift()?.run();
    }
  }

  #grant(): void {
    const { commitMs = 0 } = this.#options;
    for (const grant of this.pool.grant(this.nowMs)) {
      this.#after(commitMs, () => this.#arrive(grant.provider, grant.slot));
    }
  }

  #arrive(name: string, slot: number): void {
    const { latencyMs = 1_000, retryAfterMs = 1_000, commitMs = 0 } = this.#options;
    const { refusalMs = 2, refusedAtRandom = 0 } = this.#options;
    const takes = this.#options.providers.find((one) => one.name === name)?.takes(this.nowMs) ?? 0;
    const inFlight = this.#inFlight.get(name) ?? 0;
    this.sent += 1;
    this.pool.begin({ provider: name, slot }, this.nowMs);
    if (inFlight >= takes || this.#random() < refusedAtRandom) {
      this.refused += 1;
      this.#after(refusalMs, () => {
        this.pool.release(name, slot, { kind: 'rate-limited', retryAfterMs }, this.nowMs);
      });
      return;
    }
    this.#inFlight.set(name, inFlight + 1);
    this.#after(latencyMs, () => {
      this.#inFlight.set(name, (this.#inFlight.get(name) ?? 0) - 1);
      this.#after(commitMs, () => {
        this.completed += 1;
        this.pool.release(name, slot, { kind: 'ok' }, this.nowMs);
      });
    });
  }

  #after(delayMs: number, run: () => void): void {
    const happening = { atMs: this.nowMs + delayMs, order: (this.#order += 1), run };
    let at = this.#happenings.length;
    while (at > 0 && (this.#happenings[at - 1]?.atMs ?? 0) > happening.atMs) at -= 1;
    this.#happenings.splice(at, 0, happening);
  }

  /** Slot time is counted while a call waits, in buckets of 100 ms. */
  #pass(toMs: number): void {
    const { queued } = this.pool.stats(this.nowMs);
    const offered = this.#options.providers.reduce((sum, { takes }) => sum + takes(this.nowMs), 0);
    const used = [...this.#inFlight.values()].reduce((sum, count) => sum + count, 0);
    const elapsedMs = toMs - this.nowMs;
    const bucket = Math.floor(this.nowMs / 100);
    if (queued > 0) {
      this.usedMs[bucket] = (this.usedMs[bucket] ?? 0) + Math.min(used, offered) * elapsedMs;
      this.offeredMs[bucket] = (this.offeredMs[bucket] ?? 0) + offered * elapsedMs;
    }
    this.nowMs = toMs;
  }
}

const sum = (numbers: readonly (number | undefined)[]): number =>
  numbers.reduce<number>((total, one) => total + (one ?? 0), 0);

export function simulatePool(options: SimulationOptions): Simulated {
  const simulation = new Simulation(options);
  simulation.run();
  const { usedMs, offeredMs, refused, sent, completed, nowMs } = simulation;
  const useBetween = (fromMs: number, toMs: number): number => {
    const [from, to] = [Math.floor(fromMs / 100), Math.floor(toMs / 100)];
    return sum(usedMs.slice(from, to)) / sum(offeredMs.slice(from, to));
  };
  return {
    slotUse: sum(usedMs) / sum(offeredMs),
    refusedPerThousand: (refused / Math.max(1, sent)) * 1_000,
    wallMs: nowMs,
    completed,
    useBetween,
  };
}
