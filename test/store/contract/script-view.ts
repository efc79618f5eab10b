/**
 * What a script writes down of a store: everything that it can be asked, and its outcomes, without
 * what may differ (instants, `seq`s, tokens, the words of an explanation).
 */
import { oneTenant } from '../../../src/access/scopes.ts';
import { priorities } from '../../../src/domain/priority.ts';
import { anyRun, type RunPage, type RunPlace } from '../../../src/store/ports/listing-port.ts';
import type { Store } from '../../../src/store/port.ts';
import type { LeasedMessage } from '../../../src/store/caller-port.ts';
import type { LoadedRun, NewRun, RunAddress } from '../../../src/store/rows.ts';
import type { ToldOutcome } from '../../support/told-outcome.ts';
import { allShards, hour, minute, newRun, runId } from './fixture.ts';

export const tenants = ['acme', 'other'] as const;
export const runNumbers = [0, 1, 2, 3, 4, 5] as const;
const subjects = [0, 1, 2] as const;

/** Three shards for six runs, so that turns of one batch often share one. */
export const runOf = (tenant: string, n: number, parts: Partial<NewRun> = {}): NewRun =>
  newRun(n, { tenant, shard: n % 3, priority: priorities[n % 3] ?? 'normal', ...parts });

/** Everything that the store can be asked. */
export async function look(store: Store): Promise<unknown> {
  const shards = allShards;
  const timers = await store.timers({ shards, horizonMs: hour, limit: 99 });
  const pending = await store.pending({ shards, afterSeq: null, limit: 999 });
  const statuses = ['admitted', 'calling-provider', 'backoff'] as const;
  const open = await store.open({ shards, statuses, afterRunId: null, limit: 99 });
  return {
    timers: sorted(timers.map((timer) => ({ ...timer, dueInMs: inMinutes(timer.dueInMs) }))),
    pending: sorted(pending.runs.map((run) => ({ ...run, createdAtMs: 0 }))),
    morePending: pending.nextSeq,
    open: addresses(open),
    openWithInbox: addresses(open.filter((run) => run.hasInbox)),
    slots: await store.slots(shards),
    totals: await store.providerTotals(),
    openTenants: [...(await store.tenants({ prefix: '', open: true, limit: 9 }))].sort(),
    tenants: await Promise.all(tenants.map((tenant) => lookAt(store, tenant))),
  };
}

async function lookAt(store: Store, tenant: string): Promise<unknown> {
  const loaded = await store.load(runNumbers.map((n) => runOf(tenant, n)));
  const newestFirst = { tenant, statuses: null, agent: null, pipeline: null, beforeRunId: null };
  const read = await store.read({
    memory: ['k', 'l'].map((key) => {
      return { tenant, scope: 'user', owner: 'ann', key, version: null, history: 99 };
    }),
    channels: ['news', 'replies'].flatMap((channel) =>
      [null, 'g', 'h', 'outside'].map((group) => {
        return { tenant, channel, group, after: null, from: 'earliest' as const, limit: 99 };
      }),
    ),
  });
  return {
    loaded: loaded.map((one) => one && loadedRun(one)),
    list: (await store.runs(oneTenant(newestFirst.tenant), { ...newestFirst, limit: 4 })).map(
      (run) => run.runId,
    ),
    journals: await Promise.all(
      runNumbers.map(async (n) => {
        if (loaded[n] === null) return [];
        const rows = await store.journal(oneTenant(tenant), {
          runId: runId(n),
          afterTurn: 0,
          limit: 99,
        });
        return rows.map(({ turn, entriesText, status }) => [turn, entriesText, status]);
      }),
    ),
    conversations: await store.conversations(
      runNumbers.flatMap((n) =>
        ['main', 'aside'].map((conversation) => ({ tenant, runId: runId(n), conversation })),
      ),
    ),
    images: await Promise.all(
      ['a', 'b'].map((name) => store.image({ tenant, sha256: name.repeat(64), bytesMax: 9 })),
    ),
    // Those that have an answer are missing here, and their answers stand in the inbox.
    questions: sorted(await questionsOf(store, tenant)),
    evaluations: await Promise.all(
      subjects.map(async (n) => {
        const asked = { subjectRunId: runId(n), limit: 99 };
        const rows = await store.evaluations(oneTenant(tenant), asked);
        return rows.map((row) => ({ ...row, createdAtMs: 0 }));
      }),
    ),
    lists: await listsOf(store, tenant),
    memory: read.memory.map(({ newest, versions }) => ({
      newest,
      versions: versions.map((version) => ({ ...version, createdAtMs: 0 })),
    })),
    channels: read.channels.map(({ messages, ...rest }) => ({
      ...rest,
      messages: messages.map((row) => ({ ...row, publishedAtMs: 0 })),
    })),
    requests: await Promise.all(['r', 's'].map((key) => store.request(oneTenant(tenant), { key }))),
    usage: await store.usage(tenant),
    audit: await store.audit(oneTenant(tenant)),
  };
}

async function questionsOf(store: Store, tenant: string) {
  const all = { assignee: null, agent: null, olderThanMs: 0, after: null, limit: 99 };
  const rows = await store.openQuestions(oneTenant(tenant), all);
  return rows.map((row) => ({ ...row, askedAtMs: 0, askedAtUs: '' }));
}

/** What callers are shown: pages of runs with counts, and lists of names and evaluations. */
async function listsOf(store: Store, tenant: string): Promise<unknown> {
  const scope = oneTenant(tenant);
  const names = { prefix: '', after: null, limit: 99 };
  const channels = await store.channels(scope, names);
  const evaluations = { agent: null, version: null, countMax: 99 };
  const list = { ...evaluations, subjectRunId: null, before: null, limit: 3 };
  const pages: unknown[] = [];
  for (const statuses of [null, ['queued', 'admitted', 'completed']] as const) {
    for (const order of ['newest', 'oldest'] as const) {
      for (let after: RunPlace | null = null; ;) {
        const page: RunPage = await store.list(scope, {
          ...anyRun,
          statuses,
          order,
          after,
          limit: 2,
        });
        pages.push(
          page.runs.map((run) => ({ ...run, createdAtMs: 0, endedAtMs: run.endedAtMs && 0 })),
        );
        after = page.next;
        if (after === null) break;
      }
    }
    pages.push(await store.facets(scope, { ...anyRun, statuses, countMax: 3 }));
    pages.push(await store.openCount(scope, { ...anyRun, statuses, countMax: 3 }));
  }
  return {
    pages,
    children: (await store.childrenOf(scope, { parents: runNumbers.map(runId), limit: 9 })).length,
    channels: channels.map((row) => ({ ...row, newestAtMs: row.newestAtMs && 0 })),
    groups: await Promise.all(
      channels.map(({ channel }) => store.groups(scope, { channel, after: null, limit: 99 })),
    ),
    entries: (
      await store.memoryEntries(scope, { ...names, scope: 'user', owner: 'ann', valueCharsMax: 9 })
    ).map((row) => ({ ...row, writtenAtMs: 0 })),
    evaluations: (await store.evaluationList(scope, list)).map((row) => ({
      ...row,
      createdAtMs: 0,
    })),
    totals: (await store.evaluationTotals(scope, evaluations)).totals.map(({ mean, ...rest }) => {
      return { ...rest, mean: mean.toFixed(6) };
    }),
  };
}

export const at = ({ tenant, runId: id, shard }: RunAddress) => ({ tenant, runId: id, shard });
export const addresses = (runs: readonly RunAddress[]) => sorted(runs.map(at));
export const inMinutes = (ms: number | null) => (ms === null ? null : Math.round(ms / minute));

function sorted<Item>(items: readonly Item[]): Item[] {
  const keyed = items.map((item) => ({ item, key: JSON.stringify(item) }));
  return keyed.sort((a, b) => (a.key < b.key ? -1 : 1)).map(({ item }) => item);
}

/** Outcomes without the words in which a store explains them. */
export function told({ wakes, ...outcome }: ToldOutcome): unknown {
  return {
    ...outcome,
    turns: outcome.turns.map((turn) => turn.kind),
    statusChanges: outcome.statusChanges.map((change) => change.kind),
    results: outcome.results.map((result) => result.kind),
    wakes: addresses(wakes),
  };
}

function loadedRun({ run, inbox }: LoadedRun): unknown {
  const { createdAtMs, endedAtMs, ...rest } = run;
  return {
    ...rest,
    created: createdAtMs > 0,
    ended: endedAtMs !== null,
    inbox: inbox.map((row, place) => ({ ...row, seq: place })),
  };
}

export function leasedMessage({ token, publishedAtMs, ...rest }: LeasedMessage): unknown {
  return { ...rest, token: token.length > 0, published: publishedAtMs > 0 };
}
