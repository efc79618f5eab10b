/**
 * The runtime as the library sees it in a test. It stays while replicas come and go, so that the
 * handle of a run outlives a crash.
 *
 * Reads go to the store itself, as in another process. Requests to a replica go to the one that
 * lives. When that replica crashes before it has answered, the request is refused with
 * `test-crashed`, as on a lost connection. Listeners (`on`, `texts`) stay with the replica with
 * which they began, as in a process.
 */
import { heddleError } from '../../domain/errors.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import type { TestReplica } from './test-replica.ts';

type Admission = Runtime['admission'];

export function runtimeFace(of: {
  readonly store: Runtime['store'];
  readonly clock: Runtime['clock'];
  /** The replica that lives, or the last one that did. */
  readonly replica: () => TestReplica;
  /** Resolves when a replica lives. */
  readonly begun: () => Promise<void>;
}): Runtime {
  const ask = async <Answer>(work: (runtime: Runtime) => Promise<Answer>): Promise<Answer> => {
    await of.begun();
    const { life, runtime } = of.replica();
    const crashed = life.ended.then(() => {
      throw heddleError('test-crashed');
    });
    return Promise.race([work(runtime), crashed]);
  };
  const admission: Pick<Admission, keyof Admission> = {
    starts: (runs) => ask((runtime) => runtime.admission.starts(runs)),
    channel: (...at) => ask((runtime) => runtime.admission.channel(...at)),
    memoryEntry: (tenant) => ask((runtime) => runtime.admission.memoryEntry(tenant)),
  };
  const stays: Partial<Pick<Runtime, keyof Runtime>> = {
    store: of.store,
    clock: of.clock,
    // The library calls its methods only, so an object with these methods is enough.
    admission: admission as Admission,
    startRuns: (runs) => ask((runtime) => runtime.startRuns(runs)),
    arrive: (arrival) => ask((runtime) => runtime.arrive(arrival)),
  };
  return new Proxy({} as Runtime, {
    get(_, key) {
      if (key in stays) return stays[key as keyof Runtime];
      const { runtime } = of.replica();
      const value: unknown = Reflect.get(runtime, key, runtime);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]): unknown => Reflect.apply(value, runtime, args);
    },
  });
}
