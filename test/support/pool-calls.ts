/** Calls for a pool without a runtime around it: what the pool reads of a call, and nothing more. */
import { PoolCall, type PoolPlace } from '../../src/providers/capacity/pool.ts';

class PlainCall extends PoolCall {
  readonly key: string;
  readonly tenant: string;
  readonly user: string;
  readonly pipeline: string;
  readonly pipelineStartedAtMs: number;
  readonly priority: PoolPlace['priority'];
  readonly weight: number | undefined;
  readonly cost: number;
  readonly provider: string | undefined;
  readonly providers: readonly string[] | undefined;
  readonly model: string | undefined;
  readonly tier: string | undefined;
  readonly needs: PoolPlace['needs'];

  constructor(of: PoolPlace) {
    super();
    this.key = of.key;
    this.tenant = of.tenant;
    this.user = of.user;
    this.pipeline = of.pipeline;
    this.pipelineStartedAtMs = of.pipelineStartedAtMs;
    this.priority = of.priority;
    this.weight = of.weight;
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

  make(of: Partial<PoolPlace> & Pick<PoolPlace, 'key'>): PoolCall {
    const call = poolCall(of);
    this.#made.set(of.key, call);
    return call;
  }

  /** The one that was made last under this key. */
  get(key: string): PoolCall {
    return this.#made.get(key) ?? poolCall({ key });
  }
}
