/**
 * A store over heddle's own Postgres: when the server does not answer, it is started again, because
 * on a machine with one heddle no other process would start it. The caller still gets
 * `store-unavailable` and tries again, as with any database. After `close`, the server is not
 * started again.
 */
import { HeddleError } from '../../domain/errors.ts';
import type { Store } from '../port.ts';

export function revivingStore(store: Store, revive: () => Promise<void>): Store {
  let reviving: Promise<void> | null = null;
  let closed = false;
  const reviveOnce = (): void => {
    if (closed) return;
    reviving ??= revive()
      // The next call that finds no server tries again.
      .catch(() => undefined)
      .finally(() => {
        reviving = null;
      });
  };
  return new Proxy(store, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name);
      if (typeof method !== 'function') return method;
      return async (...args: unknown[]): Promise<unknown> => {
        if (name === 'close') closed = true;
        try {
          return (await Reflect.apply(method, target, args)) as unknown;
        } catch (error) {
          if (error instanceof HeddleError && error.code === 'store-unavailable') reviveOnce();
          throw error;
        }
      };
    },
  });
}
