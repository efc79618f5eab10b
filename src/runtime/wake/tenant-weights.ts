/**
 * The weights of tenants as the host gives them: the share of each against the others while all of them
 * wait.
 */
import { capacityDefaults } from '../../domain/capacity-settings.ts';
import { asObject, refuseField } from '../../domain/field.ts';
import { checkName } from '../../domain/ids.ts';

const { weightMin, weightMax } = capacityDefaults.given;

export class TenantWeights {
  readonly #weights: ReadonlyMap<string, number>;

  /** Throws `invalid-field` with the name of the tenant. */
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
