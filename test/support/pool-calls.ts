/** Calls for a pool without a runtime around it: what the pool reads of a call, and nothing more. */
import { PoolCall, type Pool, type PoolPlace } from '../../src/providers/capacity/pool.ts';
import { reasonOf } from '../../src/providers/capacity/pool-news.ts';
import type { WaitReason } from '../../src/providers/capacity/wait-reason.ts';

class PlainCall extends PoolCall {
  readonly key: string;
  readonly cost: number;
  readonly provider: string | undefined;
  readonly providers: readonly string[] | undefined;
  readonly model: string | undefined;
  readonly tier: string | undefined;
  readonly needs: PoolPlace['needs'];

  constructor(of: PoolPlace) {
    super(of);
    this.key = of.key;
    this.cost = of.cost ?? 1;
    this.provider = of.provider;
    this.providers = of.providers;
    this.model = of.model;
    this.tier = of.tier;
    this.needs = of.needs;
  }
}

/** What a call is that says no more of itself. */
const plain = { tenant: 't', user: 'u', pipeline: 'p', pipelineStartedAtMs: 0 };

export function poolCall(of: Partial<PoolPlace> & Pick<PoolPlace, 'key'>): PoolCall {
  return new PlainCall({ ...plain, ...of });
}

/** Calls that are spoken of by their keys. */
export class PoolCalls {
  readonly #made = new Map<string, PoolCall>();
  readonly #all: PoolCall[] = [];

  make(of: Partial<PoolPlace> & Pick<PoolPlace, 'key'>): PoolCall {
    const call = poolCall(of);
    this.#made.set(of.key, call);
    this.#all.push(call);
    return call;
  }

  /** The one that was made last under this key. */
  get(key: string): PoolCall {
    return this.#made.get(key) ?? poolCall({ key });
  }

  /** Every call that is in the pool and in no slot, and why. */
  waitingIn(pool: Pool<PoolCall>): { call: PoolCall; reason: WaitReason; attempt: number }[] {
    const isOf = (call: PoolCall) =>
      pool.gatesOf(call).every((gate) => pool.gates.all.includes(gate));
    return this.#all
      .filter((call) => pool.isWaiting(call) && isOf(call))
      .map((call) => {
        const reason = call.dueMs === null ? (reasonOf(call) ?? 'queued') : 'backoff';
        return { call, reason, attempt: call.attempt };
      });
  }
}
