/**
 * The gates of the declared providers, and which of them a call may go through. There is one gate for
 * each provider and model, so that a 429 for one model does not cool another, and a 429 that one run
 * meets holds for all runs.
 *
 * It owns the gates, and which of them share a quota. It leaves the calls to routes.ts.
 *
 * 1. A gate has its provider's name for the provider's first model, and `provider/model` for others: a
 *    name stays the same when a model is added.
 * 2. Providers that declare to share a ceiling share one quota for each model. So falling back from
 *    one to the other finds no free slot that was not free before.
 */
import type { CapacitySettings } from '../../domain/capacity-settings.ts';
import { heddleError } from '../../domain/errors.ts';
import { refuseField } from '../../domain/field.ts';
import type { Provider } from '../port.ts';
import { Gate } from './gate.ts';
import { Quota, type Sent } from './quota.ts';
import { lackOf, needTexts, servedModel, type Wanted } from '../served-model.ts';

/** The fields of a provider that a pool needs. */
export type ProviderSpec = Pick<
  Provider,
  'name' | 'ceiling' | 'startsAt' | 'models' | 'tiers' | 'sharesCeilingWith' | 'supports'
>;

/** The gates of one provider, by model. */
type Served<Call extends Sent> = {
  readonly spec: ProviderSpec;
  readonly first: Gate<Call>;
  readonly byModel: ReadonlyMap<string, Gate<Call>>;
};

export class Gates<Call extends Sent> {
  readonly all: readonly Gate<Call>[];
  /** Names of providers that share a ceiling, each group once. */
  readonly correlated: readonly (readonly string[])[];
  readonly #served: readonly Served<Call>[];
  readonly #byProvider: ReadonlyMap<string, Served<Call>>;
  readonly #byGate: ReadonlyMap<string, Served<Call> & { readonly gate: Gate<Call> }>;
  readonly #quotas: readonly Quota[];

  constructor(
    specs: readonly ProviderSpec[],
    shared: {
      readonly share: number;
      readonly settings: CapacitySettings;
      readonly random: () => number;
    },
  ) {
    const groups = groupsOf(specs);
    const quotas = new Map<string, Quota>();
    const gateOf = (spec: ProviderSpec, model: string | undefined): Gate<Call> => {
      const group = groups.get(spec.name) ?? [spec];
      const key = JSON.stringify([group.map(({ name }) => name), sharedModel(group, model)]);
      const quota = quotas.get(key) ?? new Quota({ ...boundsOf(group), ...shared });
      quotas.set(key, quota);
      const isFirst = model === undefined || model === spec.models?.[0];
      const name = isFirst ? spec.name : `${spec.name}/${model}`;
      return new Gate({ name, ceiling: ceilingOf(spec), quota, ...shared });
    };
    this.#served = specs.map((spec) => {
      const { models = [], tiers = {} } = spec;
      const first = gateOf(spec, models[0]);
      const named = models.length === 0 ? [] : [...models, ...Object.values(tiers)];
      const byModel = [...new Set(named)].map(
        (model, i) => [model, i === 0 ? first : gateOf(spec, model)] as const,
      );
      return { spec, first, byModel: new Map(byModel) };
    });
    this.#byProvider = new Map(this.#served.map((served) => [served.spec.name, served]));
    const gates = this.#served.flatMap((served) =>
      [...new Set([served.first, ...served.byModel.values()])].map((gate) => ({ ...served, gate })),
    );
    this.all = gates.map(({ gate }) => gate);
    this.#byGate = new Map(gates.map((entry) => [entry.gate.name, entry]));
    if (this.#byGate.size < gates.length) refuseField('providers', 'holds a name twice');
    this.#quotas = [...quotas.values()];
    const named = [...new Set(groups.values())].map((group) => group.map(({ name }) => name));
    this.correlated = named.filter((names) => names.length > 1);
  }

  /** Throws `provider-unknown`. */
  gate(name: string): Gate<Call> {
    return this.#byGate.get(name)?.gate ?? this.#unknown(name);
  }

  find(name: string): Gate<Call> | undefined {
    return this.#byGate.get(name)?.gate;
  }

  /** The provider that calls of this gate go to. */
  providerOf(gate: string): string {
    return this.#byGate.get(gate)?.spec.name ?? this.#unknown(gate);
  }

  /** A provider's gates, or the one gate of this name. Throws `provider-unknown`. */
  named(name: string): readonly Gate<Call>[] {
    const served = this.#byProvider.get(name);
    return served === undefined
      ? [this.gate(name)]
      : [...new Set([served.first, ...served.byModel.values()])];
  }

  /**
   * The gates that this call may go through, in its order of preference. Throws `provider-unknown`,
   * `model-unknown`, `tier-unknown`, `provider-lacks`. Empty if this replica has no provider at all: then no name can be
   * judged, and the call waits for a replica that has providers.
   */
  for({ provider, providers, model, tier, needs = [] }: Wanted): readonly Gate<Call>[] {
    if (this.#served.length === 0) return [];
    const names = provider === undefined ? providers : [provider];
    const asked = names?.map((name) => this.#byProvider.get(name) ?? this.#unknown(name));
    const candidates = asked ?? this.#served;
    const gates = candidates.flatMap((served) => gateFor(served, { model, tier, needs }) ?? []);
    if (gates.length > 0) return gates;
    const specs = candidates.map(({ spec }) => spec);
    const able = candidates.flatMap((served) => gateFor(served, { model, tier }) ?? []);
    if (able.length > 0) {
      const lacks = needs.filter((need) =>
        specs.every(({ supports }) => lackOf(supports, [need]) !== null),
      );
      const all = lacks.length === 0 ? needs : lacks;
      const need = all.map((one) => needTexts[one]).join(' and ');
      throw heddleError('provider-lacks', { need, asked: listed(specs.map(({ name }) => name)) });
    }
    if (model !== undefined) {
      const known = candidates.flatMap(({ byModel }) => [...byModel.keys()]);
      throw heddleError('model-unknown', { model, known: listed(known) });
    }
    const known = specs.flatMap(({ tiers }) => Object.keys(tiers ?? {}));
    throw heddleError('tier-unknown', { tier: tier ?? '', known: listed(known) });
  }

  /** Slots that this replica may use by its share. */
  get allotment(): number {
    return this.#quotas.reduce((sum, quota) => sum + quota.allotment, 0);
  }

  setShare(share: number): void {
    for (const quota of this.#quotas) quota.setShare(share);
  }

  #unknown(provider: string): never {
    const known = [...this.#byProvider.keys()].join(', ');
    throw heddleError('provider-unknown', { provider, known });
  }
}

function gateFor<Call extends Sent>(
  { spec, first, byModel }: Served<Call>,
  wanted: Pick<Wanted, 'model' | 'tier' | 'needs'>,
): Gate<Call> | undefined {
  const served = servedModel(spec, wanted);
  if (served === null) return undefined;
  return byModel.size === 0 ? first : byModel.get(served.model ?? '');
}

function listed(names: readonly string[]): string {
  return names.length === 0 ? 'none' : [...new Set(names)].join(', ');
}

function ceilingOf({ ceiling }: ProviderSpec): number {
  return Math.max(1, Math.floor(ceiling));
}

/** Several providers may declare bounds for one account: the largest count. */
function boundsOf(group: readonly ProviderSpec[]): { ceiling: number; startsAt: number } {
  return {
    ceiling: Math.max(...group.map(ceilingOf)),
    startsAt: Math.max(...group.map((spec) => spec.startsAt ?? ceilingOf(spec))),
  };
}

/**
 * Each model has a limit of its own. But if a member of the group lists no models, it may serve any,
 * so all models of the group share one.
 */
function sharedModel(group: readonly ProviderSpec[], model: string | undefined): string {
  return group.every(({ models }) => models !== undefined) ? (model ?? '') : '';
}

/** Each provider's group; it holds only the provider itself if that shares its ceiling with no other. */
function groupsOf(specs: readonly ProviderSpec[]): ReadonlyMap<string, readonly ProviderSpec[]> {
  const groups = new Map(specs.map((spec) => [spec.name, [spec]]));
  for (const spec of specs) {
    for (const other of spec.sharesCeilingWith ?? []) {
      const mine = groups.get(spec.name) ?? [];
      const theirs = groups.get(other);
      if (theirs === undefined) {
        refuseField('providers.sharesCeilingWith', `names ${other}, which is no provider here`);
      }
      if (mine === theirs) continue;
      const joined = [...mine, ...theirs];
      for (const { name } of joined) groups.set(name, joined);
    }
  }
  return groups;
}
