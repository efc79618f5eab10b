/**
 * One text for all equal texts. Each row brings its own copy, so a hundred thousand calls that wait
 * would hold as many copies of the names of a few tenants, users and models.
 *
 * Owns at most `namesMax` texts. At that number it forgets all and begins anew; calls keep the texts that
 * they hold.
 */
import { madeAtMs } from '../../../domain/ids.ts';
import type { Need } from '../../../domain/model/needs.ts';
import type { FairPlace } from '../../../queue/fair-place.ts';
import type { NewRun } from '../../../store/rows.ts';
import type { Wanted } from '../../../providers/served-model.ts';

const namesMax = 10_000;
const anywhere: Wanted = {};

export class Names {
  readonly #known = new Map<string, string>();
  readonly #wanted = new Map<string, Wanted>();

  one<Name extends string | undefined>(name: Name): Name {
    if (name === undefined) return name;
    const known = this.#known.get(name);
    if (known !== undefined) return known as Name;
    if (this.#known.size >= namesMax) this.#known.clear();
    this.#known.set(name, name);
    return name;
  }

  /** The place in line of a run's call or task. */
  place({ tenant, runId, user, pipeline, priority }: NewRun, weight: number): FairPlace {
    return {
      tenant: this.one(tenant),
      user: this.one(user),
      // A run that names no pipeline is a pipeline of its own.
      pipeline: pipeline === runId ? runId : this.one(pipeline),
      pipelineStartedAtMs: madeAtMs(runId),
      priority: this.one(priority),
      weight,
    };
  }

  /** Where calls want to go: one object for all calls that want the same. */
  wanted({ provider, providers, model, tier }: Wanted, needs: readonly Need[]): Wanted {
    if (provider === undefined && providers === undefined && model === undefined) {
      if (tier === undefined && needs.length === 0) return anywhere;
    }
    const key = JSON.stringify([provider, providers, model, tier, needs]);
    const known = this.#wanted.get(key);
    if (known !== undefined) return known;
    const wanted = { provider, providers, model, tier, needs };
    if (this.#wanted.size >= namesMax) this.#wanted.clear();
    this.#wanted.set(key, wanted);
    return wanted;
  }
}
