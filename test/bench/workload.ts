/**
 * The circuit (three agents, three model calls, two messages, three memory versions, one
 * evaluation) as every contender runs it, and the stub that stands for the model.
 */
import type { Provider } from '../../src/providers/port.ts';
import { createStub } from '../../src/providers/stub/stub.ts';
import { systemClock } from '../../src/system.ts';

export type Measured = {
  readonly contender: string;
  readonly circuits: number;
  readonly wallMs: number;
  readonly latenciesMs: readonly number[];
  readonly cpuMs: number;
  /** Transactions that wrote, and WAL bytes; null where nothing is durable. */
  readonly transactions: number | null;
  readonly walBytes: number | null;
};

/** 240 places in all, as two providers of 120. */
export function stubs(latencyMs: number): readonly Provider[] {
  return ['a', 'b'].map((name) =>
    createStub({ name, ceiling: 120, latencyMs, seed: 1, clock: systemClock }),
  );
}

export const prompts = {
  research: (circuit: number): string => `What holds the world together? (${circuit})`,
  edit: (text: string): string => text,
  score: (before: string, after: string): string =>
    `Give a "score" for this edit.\nBefore: ${before}\nAfter: ${after}`,
};

/** At most 240 calls at a time over both stubs, first come, first served. */
export class Model {
  readonly #providers: readonly Provider[];
  readonly #waiting: (() => void)[] = [];
  #inFlight = 0;
  #calls = 0;

  constructor(latencyMs: number) {
    this.#providers = stubs(latencyMs);
  }

  async call(prompt: string): Promise<string> {
    if (this.#inFlight >= 240) await new Promise<void>((go) => this.#waiting.push(go));
    else this.#inFlight += 1;
    try {
      const provider = this.#providers[this.#calls++ % 2];
      if (provider === undefined) throw new TypeError('there are two providers');
      const output = await provider.call({
        input: { prompt },
        idempotencyKey: String(this.#calls),
        attempt: 1,
        signal: new AbortController().signal,
      });
      return output.text;
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#inFlight -= 1;
      else next();
    }
  }
}

export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

export function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}

export function cpuMs(since?: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1_000;
}
