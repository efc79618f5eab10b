/** The audit as it is asked from outside: of a tenant with more rows than it may read, it says so and counts nothing. */
import type { OneTenant } from '../../domain/scope.ts';
import type { AuditFacts } from '../../store/caller-port.ts';
import type { Heddle } from '../library.ts';

/** Its figures compare whole tables, so a part of the rows would tell of faults that are none. */
const rowsMax = 2_000_000;

export type BoundedAudit =
  | ({ readonly isWhole: true; readonly rows: number; readonly rowsMax: number } & AuditFacts)
  /** `rows`: at least so many. */
  | { readonly isWhole: false; readonly rows: number; readonly rowsMax: number };

export async function boundedAudit(
  { runtime }: Pick<Heddle, 'runtime'>,
  scope: OneTenant,
): Promise<BoundedAudit> {
  const rows = await runtime.store.auditRows(scope, { max: rowsMax });
  if (rows > rowsMax) return { isWhole: false, rows, rowsMax };
  return { isWhole: true, rows, rowsMax, ...(await runtime.store.audit(scope)) };
}
