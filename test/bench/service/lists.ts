/** Lists of runs by each filter and by pairs of them, over a million ended runs and 3,000 open ones. */
import pg from 'pg';
import { createHeddle, type RunListQuery } from '../../../src/index.ts';
import { printTable } from '../report.ts';
import { percentile } from '../workload.ts';
import { makeRuns, millionTenant as tenant } from './million-runs.ts';

/** What people look for: frequent values, rare ones, and ones that nothing has. */
const filters: Readonly<Record<string, RunListQuery>> = {
  'no filter': {},
  'oldest first': { order: 'oldest' },
  completed: { statuses: ['completed'] },
  failed: { statuses: ['failed'] },
  queued: { statuses: ['queued'] },
  'no run has this status': { statuses: ['stalled'] },
  'all that are open': {
    statuses: ['queued', 'admitted', 'calling-provider', 'waiting-on-channel', 'waiting-on-person'],
  },
  'queued or failed': { statuses: ['queued', 'failed'] },
  agent: { agent: 'writer' },
  'agent of 4 runs': { agent: 'archivist' },
  'agent of none': { agent: 'nobody' },
  'user of 100,000 runs': { user: 'u-0' },
  'user of 900 runs': { user: 'u-77' },
  'user of none': { user: 'nobody' },
  pipeline: { pipeline: 'p-1234' },
  'pipeline of none': { pipeline: 'p-none' },
  'parent of none': { parentRunId: 'ffffffff-0000-7000-8000-000000000000' },
  'code of 20,000 runs': { code: 'provider-rejected' },
  'code of 3 runs': { code: 'chart-error' },
  'code of none': { code: 'none' },
  'tag of 100,000 runs': { tags: ['nightly'] },
  'tag of 1,000 runs': { tags: ['urgent'] },
  'tag of 3 runs': { tags: ['needle'] },
  'tag of none': { tags: ['none'] },
  'id prefix of 8 digits': { idPrefix: '' },
  'started in one hour': { startedFromMs: 0, startedBelowMs: 0 },
  'ended in one hour': { endedFromMs: 0, endedBelowMs: 0 },
  'ended before all': { endedBelowMs: 1 },
  'agent and failed': { agent: 'writer', statuses: ['failed'] },
  'agent and stalled': { agent: 'writer', statuses: ['stalled'] },
  'agent and queued': { agent: 'writer', statuses: ['queued'] },
  'rare agent and user': { agent: 'archivist', user: 'u-0' },
  'agent and user': { agent: 'writer', user: 'u-77' },
  'user and failed': { user: 'u-77', statuses: ['failed'] },
  'user and code': { user: 'u-77', code: 'provider-rejected' },
  'tag and failed': { tags: ['urgent'], statuses: ['failed'] },
  'two tags': { tags: ['nightly', 'urgent'] },
  'tag and user': { tags: ['nightly'], user: 'u-77' },
  'agent, started in one hour': { agent: 'writer', startedFromMs: 0, startedBelowMs: 0 },
  'failed, ended in one hour': { statuses: ['failed'], endedFromMs: 0, endedBelowMs: 0 },
};

const times = 40;
/** Pages that lie between the first and the deep one. */
const deep = 20;

export type ListsOptions = { readonly ended?: number; readonly open?: number };

export async function lists(databaseUrl: string, options: ListsOptions = {}): Promise<void> {
  const { ended = 1_000_000, open = 3_000 } = options;
  const heddle = await createHeddle({ databaseUrl, replica: false });
  try {
    const client = new pg.Client({ connectionString: databaseUrl });
    await client.connect();
    try {
      await makeRuns(client, { ended, open });
    } finally {
      await client.end();
    }
    const newest = await heddle.listing.runs({ tenant, limit: 1, statuses: ['completed'] });
    const [run] = newest.runs;
    if (run === undefined) throw new Error('no run was made');
    const hour = hourBefore(run.createdAtMs - ended * 1_000);
    const rows = [
      ['filter', 'runs', 'first page p50', 'p99', 'deep cursor p50', 'p99', 'count ms'],
    ];
    for (const [name, query] of Object.entries(filters)) {
      const asked = { ...query, ...timesOf(query, hour), tenant };
      if (query.idPrefix !== undefined) asked.idPrefix = run.runId.slice(0, 8);
      rows.push([name, ...(await measured(heddle, asked))]);
    }
    printTable(`Lists over ${ended} ended and ${open} open runs, 100 a page, ms`, rows);
  } finally {
    await heddle.close();
  }
}

type Lister = Pick<Awaited<ReturnType<typeof createHeddle>>, 'listing'>;

const hourBefore = (ms: number) => ({ fromMs: ms - 3_600_000, belowMs: ms });

function timesOf(query: RunListQuery, { fromMs, belowMs }: ReturnType<typeof hourBefore>) {
  return {
    ...(query.startedFromMs === undefined
      ? {}
      : { startedFromMs: fromMs, startedBelowMs: belowMs }),
    ...(query.endedFromMs === undefined ? {} : { endedFromMs: fromMs, endedBelowMs: belowMs }),
  };
}

async function measured({ listing }: Lister, query: RunListQuery): Promise<string[]> {
  let cursor: string | undefined;
  let found = (await listing.runs(query)).runs.length;
  for (let page = 0; page < deep; page++) {
    const at = await listing.runs({ ...query, ...(cursor === undefined ? {} : { cursor }) });
    found = Math.max(found, at.runs.length);
    if (at.next === null) break;
    cursor = at.next;
  }
  const first = await timed(() => listing.runs(query));
  const later = cursor === undefined ? null : await timed(() => listing.runs({ ...query, cursor }));
  const { order: _, ...filter } = query;
  const startMs = performance.now();
  const { total, isWhole } = await listing.count(filter);
  const countMs = performance.now() - startMs;
  return [`${total}${isWhole ? '' : '+'}`, ...first, ...(later ?? ['', '']), countMs.toFixed(0)];
}

async function timed(read: () => Promise<unknown>): Promise<string[]> {
  const tookMs: number[] = [];
  for (let i = 0; i < times; i++) {
    const startMs = performance.now();
    await read();
    tookMs.push(performance.now() - startMs);
  }
  return [0.5, 0.99].map((share) => percentile(tookMs, share).toFixed(1));
}
