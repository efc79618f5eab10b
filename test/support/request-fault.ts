/** A known mistake of stores, planted on the twin: a request's key is looked up before the commit, and written after it. */
import { Fates, type ArrivalKind } from '../../src/store/fates.ts';
import type { MemoryStore } from '../../src/store/memory/memory-store.ts';
import { judgeRequests, keepRequests } from '../../src/store/memory/requests.ts';

/** `pause` stands between the look and the commit, and between the commit and the row. */
export function requestBesideCommit(
  store: MemoryStore,
  pause = () => new Promise<void>((resolve) => setTimeout(resolve, 0)),
): MemoryStore {
  const { database: db } = store;
  const commit: MemoryStore['commit'] = async (batch) => {
    const fates = new Fates();
    const marked = db.transaction(() => judgeRequests(db, batch, fates));
    if (marked.length === 0) return store.commit(batch);
    await pause();
    const { arrivals } = batch;
    const bare = (list: readonly object[], kind: ArrivalKind): never =>
      list.flatMap((part, index) => {
        const { request: _, ...rest } = part as { request?: unknown };
        return fates.of(kind, index) === null ? [rest] : [];
      }) as never;
    const outcome = await store.commit({
      ...batch,
      arrivals: {
        starts: bare(arrivals.starts, 'starts'),
        inbox: bare(arrivals.inbox, 'inbox'),
        messages: bare(arrivals.messages, 'messages'),
        memory: bare(arrivals.memory, 'memory'),
      },
    });
    await pause();
    db.transaction(() => keepRequests(db, batch, marked, fates));
    return { ...outcome, fates: [...outcome.fates, ...fates.list()] };
  };
  return { ...store, commit };
}
