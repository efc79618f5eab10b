/**
 * The store on Postgres. It owns the connections and decides which method uses which. The statements
 * stand in the other files of this folder, one table's statements in each.
 *
 * - write: commits, three at a time: while one waits for the disk the next is worked on, and commits
 *   that keep results pass by both.
 * - read: the reads of turns and loops, planned for keys: see `hot`.
 * - list: pages of runs for people, and counts of them, planned for their indexes.
 * - wide: other lists, counts, retention and images from outside, each planned for its parameters.
 * - beat: only the heartbeat, so that no load can make a lease end.
 */
import type pg from 'pg';
import { heddleError } from '../../domain/errors.ts';
import { callerStore, type TenantReads } from '../caller-port.ts';
import { budgetUnder } from '../charges.ts';
import type { Hint, Store } from '../port.ts';
import { audit, auditRows } from './reads/audit.ts';
import { readAttempts } from './reads/attempts.ts';
import { orderGates, readGateOrders } from './tables/gate-orders.ts';
import { hasBudgets, listUserBudgets, readBudgets, setBudget } from './tables/budget-writes.ts';
import { commitBatch } from './commit/commit.ts';
import { readConversations } from './tables/conversations.ts';
import { connectionsOf } from './link/connections.ts';
import { activityHistory, noteActivity } from './tables/activity.ts';
import { readReplicas } from './tables/replicas-list.ts';
import { readImage, storeImage } from './tables/images.ts';
import { releaseDelayed } from './delayed.ts';
import { acknowledge, lease, renewLeases } from './leases.ts';
import type { LinkOptions } from './link/link.ts';
import { listAgents, oneAgent, openRunsByVersion } from './reads/agents.ts';
import {
  listRuns,
  oneRun,
  readActivity,
  readCheckpoint,
  readJournal,
  readUsage,
} from './reads/lists.ts';
import { listQuestions, readQuestions } from './reads/questions.ts';
import { listEvaluations, readEvaluations, totalEvaluations } from './reads/evaluations.ts';
import { addEvaluation } from './tables/evaluation-writes.ts';
import { listen, notify } from './link/listen.ts';
import { peersOf, release, renew } from './ownership.ts';
import { Pool } from './link/pool.ts';
import { prune } from './prune.ts';
import { childrenOf, countOpen, countRuns, listRuns as listRunsBy } from './reads/listing/lists.ts';
import { listChannels, listEntries, listGroups } from './reads/names.ts';
import { readSet } from './reads/read-set.ts';
import { loadRuns, openRuns, pendingRuns } from './reads/run-reads.ts';
import { startOn } from './start.ts';
import { registerAgents } from './tables/agents.ts';
import {
  answerRequest,
  claimRequest,
  dropRequest,
  renewClaim,
  requestParts,
} from './tables/claims.ts';
import { knownRequests } from './tables/requests.ts';
import { createToken, listTokens, revokeToken, tokenByHash } from './tables/tokens.ts';
import { listTenants } from './reads/lists.ts';
import { watchReads } from './reads/watch-reads.ts';
import { otherAttempts, statusTurns, weaveEnded, weaveOpen } from './reads/weave.ts';
import { dueTimers, providersOf, providerTotals, slotsOf, timersOf } from './reads/work-reads.ts';

export type PostgresOptions = {
  readonly connectionString?: string;
  readonly connection?: pg.ClientConfig;
  /** How long one statement may take. Lists, counts and retention may take four times as long. */
  readonly statementMsMax?: number;
  /** How long a statement may wait for locks. */
  readonly lockMsMax?: number;
  /** How long a start waits for a server that is not there, or does not take connections yet. */
  readonly startMsMax?: number;
  /** Called when a start begins to wait. */
  readonly onWait?: (reason: string) => void;
};

/**
 * A statement is planned once per connection, when its tables may still be empty. A plan that reads
 * such a table whole would be kept while the table grows to millions of rows. All of these statements
 * go by keys, so the other ways are switched off. That also saves the five custom plans before a
 * generic one.
 */
export const hot = {
  plan_cache_mode: 'force_generic_plan',
  enable_seqscan: 'off',
  enable_hashjoin: 'off',
  enable_mergejoin: 'off',
  enable_bitmapscan: 'off',
  jit: 'off',
};
const wide = { plan_cache_mode: 'force_custom_plan' };

type Pools = {
  readonly write: Pool;
  readonly read: Pool;
  readonly wide: Pool;
  readonly list: Pool;
  readonly beat: Pool;
};

/** Waits for the server, checks the database, migrates it if needed, and connects. */
export async function openPostgresStore(options: PostgresOptions): Promise<Store> {
  const connection: pg.ClientConfig = {
    ...options.connection,
    ...(options.connectionString === undefined
      ? {}
      : { connectionString: options.connectionString }),
  };
  const { statementMsMax = 15_000, lockMsMax = 5_000 } = options;
  const { startMsMax = 30_000, onWait = () => undefined } = options;
  // The server ends statements that take too long. The client's own limit is for sockets that went
  // dead.
  const link = (settings: LinkOptions['settings'], msMax: number): LinkOptions => ({
    connection,
    settings: { ...settings, ...boundsOf(msMax, lockMsMax) },
    answerMsMax: msMax + 5_000,
  });
  const bounds = { checkoutMsMax: 30_000, patienceMs: 10_000, server: { generation: 0 } };
  const pool = (of: LinkOptions, size: number): Pool => new Pool({ ...of, ...bounds, size });
  const migrating = link({}, statementMsMax);
  const start = { migrating, patienceMs: startMsMax, onWait };
  const [first, second] = await startOn(link(hot, statementMsMax), start);
  const hearers = new Set<(hint: Hint) => void>();
  // Other replicas take this one for dead when this connection is gone, so the hint makes it beat at
  // once, over a new connection.
  const onLost = (): void => hearers.forEach((heard) => heard({ kind: 'ownership' }));
  const beatMsMax = Math.min(statementMsMax, 5_000);
  const pools: Pools = {
    write: pool(link(hot, statementMsMax), 3),
    read: pool(link(hot, statementMsMax), 2),
    wide: pool(link(wide, statementMsMax * 4), 1),
    list: pool(link(hot, statementMsMax), 2),
    beat: new Pool({ ...link(hot, beatMsMax), ...bounds, size: 1, onLost }),
  };
  pools.write.adopt(first);
  pools.read.adopt(second);
  return storeOver(pools, link({}, beatMsMax), hearers);
}

function boundsOf(statementMsMax: number, lockMsMax: number): LinkOptions['settings'] {
  return {
    statement_timeout: String(statementMsMax),
    lock_timeout: String(lockMsMax),
    idle_in_transaction_session_timeout: '10000',
  };
}

/** What callers ask, each with the tenant of its scope: see caller-port.ts. */
function callerReads({ read, wide, list }: Pools): TenantReads {
  return {
    run: (tenant, runId) => oneRun(read, tenant, runId),
    runs: (query) => listRuns(wide, query),
    list: (query) => listRunsBy(list, query),
    facets: (query) => countRuns(list, query),
    openCount: (query) => countOpen(list, query),
    childrenOf: (query) => childrenOf(list, query),
    journal: (query) => readJournal(read, query),
    checkpoint: (query) => readCheckpoint(read, query),
    attempts: (query) => readAttempts(read, query),
    conversation: async (asked) => (await readConversations(read, [asked]))[0] ?? [],
    timersOf: (query) => timersOf(read, query),
    questions: (query) => readQuestions(read, query),
    openQuestions: (query) => listQuestions(wide, query),
    evaluations: (query) => readEvaluations(read, query),
    evaluationList: (query) => listEvaluations(wide, query),
    evaluationTotals: (query) => totalEvaluations(wide, query),
    addEvaluation: (given) => addEvaluation(read, given),
    lease: (request) => lease(read, request),
    acknowledge: (request) => acknowledge(read, request),
    renewLeases: (request) => renewLeases(read, request),
    channels: (query) => listChannels(wide, query),
    groups: (query) => listGroups(wide, query),
    userBudgets: (query) => listUserBudgets(wide, query),
    memoryEntries: (query) => listEntries(wide, query),
    memory: async (asked) => {
      const { memory } = await readSet(read, { memory: [asked], channels: [] });
      return memory[0] ?? { versions: [], newest: 0 };
    },
    storeImage: (image) => storeImage(wide, image),
    setBudget: (at, limits) => setBudget(read, at, limits),
    budget: async (at) => {
      const [stored = null] = await readBudgets(read, [at]);
      return budgetUnder({}, at, stored);
    },
    openRunsByVersion: (tenant) => openRunsByVersion(wide, tenant),
    audit: (tenant) => audit(wide, tenant),
    auditRows: (query) => auditRows(wide, query),
    request: async (asked) => (await knownRequests(read, [asked]))[0] ?? null,
    claimRequest: (asked) => claimRequest(read, asked),
    renewClaim: (asked) => renewClaim(read, asked),
    answerRequest: (mark) => answerRequest(read, mark),
    dropRequest: (asked) => dropRequest(read, asked),
    requestParts: (asked) => requestParts(read, asked),
    weaveOpen: (query) => weaveOpen(list, query),
    weaveEnded: (query) => weaveEnded(list, query),
    statusTurns: (query) => statusTurns(list, query),
    otherAttempts: (query) => otherAttempts(list, query),
  };
}

function storeOver(pools: Pools, listener: LinkOptions, hearers: Set<(hint: Hint) => void>): Store {
  /** Those that are there, and those that are being made. */
  const listeners = new Set<Promise<{ close(): Promise<void> }>>();
  let isClosed = false;
  return {
    ...callerStore(callerReads(pools)),
    commit: (batch) => commitBatch(pools, batch),
    read: (set) => readSet(pools.read, set),
    conversations: (reads) => readConversations(pools.read, reads),
    image: (read) => readImage(pools.read, read),
    load: (runs) => loadRuns(pools.read, runs),
    renew: (replica) => renew(pools.beat, replica),
    release: (replica) => release(pools.read, replica),
    pending: (query) => pendingRuns(pools.read, query),
    open: (query) => openRuns(pools.read, query),
    slots: (shards) => slotsOf(pools.read, shards),
    providers: () => providersOf(pools.read),
    orderGates: (provider, order) => orderGates(pools.read, provider, order),
    gateOrders: () => readGateOrders(pools.read),
    timers: (query) => dueTimers(pools.read, query),
    releaseDelayed: (query) => releaseDelayed(pools.wide, query),
    usage: (tenant) => readUsage(pools.wide, tenant),
    tenants: (query) => listTenants(pools.wide, query),
    budgets: async (at, defaults = {}) => {
      const stored = await readBudgets(pools.read, at);
      return at.map((one, i) => budgetUnder(defaults, one, stored[i] ?? null));
    },
    hasBudgets: () => hasBudgets(pools.wide),
    registerAgents: (asked) => registerAgents(pools.wide, asked),
    agents: (query) => listAgents(pools.wide, query),
    agent: (name, version) => oneAgent(pools.read, name, version),
    createToken: (token) => createToken(pools.read, token),
    tokenByHash: (hash) => tokenByHash(pools.read, hash),
    tokens: (query) => listTokens(pools.wide, query),
    revokeToken: (name) => revokeToken(pools.read, name),
    prune: (query) => prune(pools.wide, query),
    providerTotals: () => providerTotals(pools.wide),
    activity: () => readActivity(pools.wide),
    ...watchReads(pools.read),
    peers: (replicaId) => peersOf(pools.read, replicaId),
    replicas: (replicaId) => readReplicas(pools.read, replicaId),
    connections: async () => connectionsOf(Object.values(pools)),
    noteActivity: (holder) => noteActivity(pools.wide, holder),
    activityHistory: (query) => activityHistory(pools.wide, query),
    async notify(hints) {
      await pools.read.read([notify(hints)]);
    },
    async listen(heard) {
      if (isClosed) throw heddleError('closed');
      const listening = listen(listener, heard);
      listeners.add(listening);
      const handle = await listening;
      hearers.add(heard);
      return {
        close: async () => {
          listeners.delete(listening);
          hearers.delete(heard);
          await handle.close();
        },
      };
    },
    async close() {
      isClosed = true;
      const deaf = [...listeners].map(async (listening) => (await listening).close());
      await Promise.all([...deaf, ...Object.values(pools).map((pool) => pool.close())]);
    },
  };
}
