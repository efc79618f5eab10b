/** A stub whose figures can be taken scale by scale: its own counters never go back. */
import { stubProvider, type Provider, type Stub } from '../heddle.ts';
import type { SlotUse } from './slot-use.ts';

export type StubFigures = {
  readonly name: string;
  readonly ceiling: number;
  readonly calls: number;
  readonly peakInFlight: number;
  readonly rateLimited: number;
};

export class MeasuredStub implements Provider {
  readonly name: string;
  readonly ceiling: number;
  readonly #stub: Stub;
  readonly #slotUse: SlotUse;
  #peak = 0;
  #taken = { calls: 0, rateLimited: 0 };

  constructor(options: {
    readonly name: string;
    readonly ceiling: number;
    readonly latencyMs: number;
    readonly seed: number;
    readonly slotUse: SlotUse;
  }) {
    const { slotUse, ...stub } = options;
    this.#slotUse = slotUse;
    this.#stub = stubProvider(stub);
    this.name = this.#stub.name;
    this.ceiling = this.#stub.ceiling;
  }

  get calls(): number {
    return this.#stub.stats().calls;
  }

  call(call: Parameters<Provider['call']>[0]): ReturnType<Provider['call']> {
    this.#slotUse.change(1);
    const answer = this.#stub.call(call);
    answer.then(this.#ended, this.#ended);
    const { inFlight } = this.#stub.stats();
    if (inFlight > this.#peak) this.#peak = inFlight;
    return answer;
  }

  /** One function for all calls: none is made per call. */
  readonly #ended = (): void => this.#slotUse.change(-1);

  /** What has happened since it was last asked. */
  take(): StubFigures {
    const { name, ceiling } = this;
    const { calls, rateLimited, inFlight } = this.#stub.stats();
    const figures = {
      name,
      ceiling,
      calls: calls - this.#taken.calls,
      peakInFlight: this.#peak,
      rateLimited: rateLimited - this.#taken.rateLimited,
    };
    this.#peak = inFlight;
    this.#taken = { calls, rateLimited };
    return figures;
  }
}
