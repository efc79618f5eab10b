/** The shares that tenants have against each other while all of them wait, as people write them. */
import { asObject, refuseField } from '../../domain/field.ts';
import { checkName } from '../../domain/ids.ts';

/**
 * A charge is divided by a weight: near 0 one call would put its tenant behind the others for ever,
 * and at 0 there is no number for it.
 */
const weightMin = 0.001;
const weightMax = 1_000;

export class TenantWeights {
  readonly #weights: ReadonlyMap<string, number>;

  /** Throws `invalid-field`, naming the tenant. */
  constructor(given: Readonly<Record<string, number>> = {}) {
    const entries = Object.entries(asObject(given, 'tenantWeights'));
    this.#weights = new Map(
      entries.map(([tenant, weight]) => {
        const field = `tenantWeights.${tenant}`;
        if (typeof weight !== 'number' || !(weight >= weightMin && weight <= weightMax)) {
          refuseField(field, `must be a number from ${weightMin} to ${weightMax}`);
        }
        return [checkName(tenant, field), weight];
      }),
    );
  }

  of(tenant: string): number {
    return this.#weights.get(tenant) ?? 1;
  }
}
