/** A person's orders for providers. A gate is shared by all tenants, so they are for callers of all tenants. */
import { checkAll } from '../../access/scopes.ts';
import { asBoolean } from '../../domain/field.ts';
import { checkName } from '../../domain/ids.ts';
import { asOptions } from '../../domain/options.ts';
import type { TenantScope } from '../../domain/scope.ts';
import type { Runtime } from '../../runtime/runtime.ts';

/** Options of `heddle.reopenProvider`. */
export type ReopenOptions = {
  /** True: the time is over, too, that a 429 has asked for. Default false. */
  readonly endsCooling?: boolean;
};

export async function orderGates(
  runtime: Runtime,
  { scope, by }: { readonly scope: TenantScope; readonly by: string },
  order: {
    readonly kind: 'reopen' | 'probe';
    readonly name: string;
    readonly options: ReopenOptions;
  },
): Promise<void> {
  checkAll(scope);
  const { kind, name, options } = order;
  const provider = checkName(name, 'provider');
  const given = asOptions(options, 'reopenProvider', ['endsCooling']);
  const field = 'reopenProvider.endsCooling';
  const endsCooling = asBoolean(given.endsCooling, field, false);
  await runtime.orderProvider(provider, { kind, endsCooling, by });
}
