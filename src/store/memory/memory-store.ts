/**
 * The store's twin in memory, for tests and simulations: the same promises as on Postgres, kept by
 * tables with an undo log. It owns one database; each method is written in the file of its theme.
 *
 * Invariants:
 * 1. A method takes effect at one instant: wholly when it is called, before its promise is returned. So
 *    the order of the calls decides all interleavings.
 * 2. A method that fails has changed nothing.
 * 3. No value is shared with a caller: values that come in are copied, values that go out are frozen or
 *    fresh.
 * 4. The clock is `nowMs` and nothing else; hints are delivered as microtasks, in order.
 */
import { heddleError } from '../../domain/errors.ts';
import type { ReplicaId } from '../../domain/ids.ts';
import { callerStore, type TenantReads } from '../caller-port.ts';
import type { Hint, Store } from '../port.ts';
import { listAgents, oneAgent, openRunsByVersion, registerAgents } from './agents.ts';
import { activityHistory, noteActivity } from './lists/activity.ts';
import { readAttempts } from './attempts.ts';
import { audit, auditRows } from './audit.ts';
import { gateOrders, orderGates } from './gate-orders.ts';
import { listUserBudgets, readBudgets, setBudget } from './budgets.ts';
import { readChannel, releaseDelayed } from './channels.ts';
import { commitBatch } from './commit.ts';
import { readConversation } from './conversations.ts';
import { Database, type Snapshot } from './database.ts';
import { readImage, storeImage } from './images.ts';
import { pending } from './inbox.ts';
import { acknowledge, lease, renewLeases } from './leases.ts';
import { addEvaluation, listEvaluations, totalEvaluations } from './lists/evaluations.ts';
import { listChannels, listEntries, listGroups } from './lists/names.ts';
import { readMemory } from './memory-entries.ts';
import { providersOf } from './providers.ts';
import { prune } from './prune.ts';
import { childrenOf, countOpen, facetsOfRuns, pageOfRuns } from './listing/runs.ts';
import { listQuestions, questionsOf } from './questions.ts';
import {
  answerRequest,
  claimRequest,
  dropRequest,
  renewClaim,
  requestParts,
  toldRequest,
  requestedOnce,
} from './requests.ts';
import type { RequestAsked } from '../requests/request-rows.ts';
import { listRuns, listTenants, load, openRuns, readCheckpoint, readJournal } from './runs.ts';
import { endAllSessions, endSession, peersOf, release, renew, replicasOf } from './shards.ts';
import { providerTotals, slotsOf } from './slots.ts';
import { join } from './table.ts';
import { dueTimers, timersOf } from './timers.ts';
import { createToken, listTokens, revokeToken, tokenByHash } from './tokens.ts';
import { otherAttempts, statusTurns, weaveEnded, weaveOpen } from './lists/weave.ts';
import { briefsOf, channelLog, openBriefs, runLog, runState } from './watch-reads.ts';

export type MemoryStore = Store & {
  /** The tables themselves, to plant faults and to look inside. */
  readonly database: Database;
  /** All rows of this instant, from which another store can begin. */
  snapshot(): Snapshot;
  /** Acts as a restart of Postgres does for clients: hints under way are lost, listeners reconnect. */
  restart(): void;
  /** Acts as the end of a replica's connections, when it is killed or cut off. */
  endSession(replicaId: ReplicaId): void;
};

type Listener = { readonly heard: (hint: Hint) => void };

export function createMemoryStore(options: {
  /** The database's clock. */
  readonly nowMs: () => number;
  readonly from?: Snapshot;
}): MemoryStore {
  const database = new Database(options.nowMs);
  if (options.from !== undefined) database.restore(options.from);
  let listeners: Listener[] = [];
  let restarts = 0;
  let closed = false;

  /** One transaction. `async` turns an error into a rejection; the work itself runs at once. */
  async function whole<Result>(work: (db: Database) => Result): Promise<Result> {
    if (closed) throw heddleError('closed');
    return database.transaction(() => work(database));
  }

  function tell(listener: Listener, hint: Hint): void {
    const since = restarts;
    // `queueMicrotask` is not used, because fake timers of test runners replace it.
    void Promise.resolve().then(() => {
      if (since === restarts && listeners.includes(listener)) listener.heard(hint);
    });
  }

  const tellAll = (hint: Hint): void => listeners.forEach((listener) => tell(listener, hint));

  return {
    ...themes(whole),
    database,
    snapshot: () => database.snapshot(),
    restart() {
      restarts++;
      database.transaction(() => endAllSessions(database));
      tellAll({ kind: 'all' });
    },
    endSession: (replicaId) => database.transaction(() => endSession(database, replicaId)),
    release: (replica) =>
      whole((db) => {
        release(db, replica);
        tellAll({ kind: 'ownership' });
      }),
    orderGates: (provider, order) =>
      whole((db) => {
        const gates = orderGates(db, provider, order);
        tellAll({ kind: 'gates' });
        return gates;
      }),
    notify: (hints) => whole(() => hints.forEach((hint) => tellAll(structuredClone(hint)))),
    listen: (heard) =>
      whole(() => {
        const listener = { heard };
        listeners = [...listeners, listener];
        tell(listener, { kind: 'all' });
        return {
          close: async () => {
            listeners = listeners.filter((other) => other !== listener);
          },
        };
      }),
    close: async () => {
      closed = true;
      listeners = [];
    },
  };
}

type Whole = <Result>(work: (db: Database) => Result) => Promise<Result>;

/** What callers ask, each with the tenant of its scope: see caller-port.ts. */
function callerReads(whole: Whole): TenantReads {
  return {
    run: (tenant, runId) => whole((db) => db.tables.runs.get(join(tenant, runId)) ?? null),
    runs: (query) => whole((db) => listRuns(db, query)),
    list: (query) => whole((db) => pageOfRuns(db, query)),
    facets: (query) => whole((db) => facetsOfRuns(db, query)),
    openCount: (query) => whole((db) => countOpen(db, query)),
    childrenOf: (query) => whole((db) => childrenOf(db, query)),
    journal: (query) => whole((db) => readJournal(db, query)),
    checkpoint: (query) => whole((db) => readCheckpoint(db, query)),
    attempts: (query) => whole((db) => readAttempts(db, query)),
    conversation: (read) => whole((db) => readConversation(db, read)),
    timersOf: (query) => whole((db) => timersOf(db, query)),
    questions: (query) => whole((db) => questionsOf(db, query)),
    openQuestions: (query) => whole((db) => listQuestions(db, query)),
    evaluations: (query) =>
      whole((db) =>
        db.tables.evaluations
          .by('subject', join(query.tenant, query.subjectRunId))
          .sort((a, b) => (a.evaluationId < b.evaluationId ? -1 : 1))
          .slice(0, query.limit),
      ),
    evaluationList: (query) => whole((db) => listEvaluations(db, query)),
    evaluationTotals: (query) => whole((db) => totalEvaluations(db, query)),
    addEvaluation: (given) => whole((db) => addEvaluation(db, given)),
    lease: (request) =>
      whole((db) => requestedOnce(db, requestOf(request), () => lease(db, request))),
    acknowledge: (request) =>
      whole((db) => requestedOnce(db, requestOf(request), () => acknowledge(db, request))),
    renewLeases: (request) => whole((db) => renewLeases(db, request)),
    channels: (query) => whole((db) => listChannels(db, query)),
    userBudgets: (query) => whole((db) => listUserBudgets(db, query)),
    groups: (query) => whole((db) => listGroups(db, query)),
    memoryEntries: (query) => whole((db) => listEntries(db, query)),
    memory: (read) => whole((db) => readMemory(db, read)),
    storeImage: (image) => whole((db) => storeImage(db, image)),
    setBudget: (at, limits) => whole((db) => setBudget(db, at, limits)),
    budget: (at) => whole((db) => readBudgets(db, [at], {})[0] ?? null),
    openRunsByVersion: (tenant) => whole((db) => openRunsByVersion(db, tenant)),
    audit: (tenant) => whole((db) => audit(db, tenant)),
    auditRows: (query) => whole((db) => auditRows(db, query)),
    request: (asked) => whole((db) => toldRequest(db, asked)),
    claimRequest: (asked) => whole((db) => claimRequest(db, asked)),
    renewClaim: (asked) => whole((db) => renewClaim(db, asked)),
    answerRequest: (mark) => whole((db) => answerRequest(db, mark)),
    dropRequest: (asked) => whole((db) => dropRequest(db, asked)),
    requestParts: (asked) => whole((db) => requestParts(db, asked)),
    weaveOpen: (query) => whole((db) => weaveOpen(db, query)),
    weaveEnded: (query) => whole((db) => weaveEnded(db, query)),
    statusTurns: (query) => whole((db) => statusTurns(db, query)),
    otherAttempts: (query) => whole((db) => otherAttempts(db, query)),
  };
}

const requestOf = ({
  tenant,
  request,
}: {
  readonly tenant: string;
  readonly request?: RequestAsked;
}): (RequestAsked & { readonly tenant: string }) | null =>
  request === undefined ? null : { tenant, ...request };

function themes(
  whole: Whole,
): Omit<Store, 'release' | 'notify' | 'listen' | 'orderGates' | 'close'> {
  return {
    ...callerStore(callerReads(whole)),
    commit: (batch) => whole((db) => commitBatch(db, batch)),
    read: (set) =>
      whole((db) => ({
        memory: set.memory.map((read) => readMemory(db, read)),
        channels: set.channels.map((read) => readChannel(db, read)),
      })),
    conversations: (reads) => whole((db) => reads.map((read) => readConversation(db, read))),
    image: (read) => whole((db) => readImage(db, read)),
    load: (runs) => whole((db) => load(db, runs)),
    renew: (replica) => whole((db) => renew(db, replica)),
    pending: (query) => whole((db) => pending(db, query)),
    open: (query) => whole((db) => openRuns(db, query)),
    slots: (shards) => whole((db) => slotsOf(db, shards)),
    providers: () => whole((db) => providersOf(db)),
    gateOrders: () => whole((db) => gateOrders(db)),
    timers: (query) => whole((db) => dueTimers(db, query)),
    releaseDelayed: (query) => whole((db) => releaseDelayed(db, query)),
    usage: (tenant) =>
      whole((db) => ({
        openRuns: db.tables.runs.count('open', tenant),
        queuedRuns: db.tables.runs.count('queued', tenant),
        channels: db.tables.channels.count('tenant', tenant),
        memoryEntries: db.tables.entries.count('tenant', tenant),
      })),
    tenants: (query) => whole((db) => listTenants(db, query)),
    registerAgents: (asked) => whole((db) => registerAgents(db, asked)),
    agents: (query) => whole((db) => listAgents(db, query)),
    agent: (name, version) => whole((db) => oneAgent(db, name, version)),
    createToken: (token) => whole((db) => createToken(db, token)),
    tokenByHash: (hash) => whole((db) => tokenByHash(db, hash)),
    tokens: (query) => whole((db) => listTokens(db, query)),
    revokeToken: (name) => whole((db) => revokeToken(db, name)),
    prune: (query) => whole((db) => prune(db, query)),
    budgets: (at, defaults = {}) => whole((db) => readBudgets(db, at, defaults)),
    hasBudgets: () => whole((db) => db.tables.budgets.all().length > 0),
    providerTotals: () => whole((db) => providerTotals(db)),
    activity: () => whole((db) => ({ transactions: db.transactions, walBytes: 0 })),
    runLogs: (reads) => whole((db) => reads.map((read) => runLog(db, read))),
    runStates: (reads) => whole((db) => reads.map((read) => runState(db, read))),
    channelLogs: (reads) => whole((db) => reads.map((read) => channelLog(db, read))),
    briefs: (runs) => whole((db) => briefsOf(db, runs)),
    openBriefs: (query) => whole((db) => openBriefs(db, query)),
    peers: (replicaId) => whole((db) => peersOf(db, replicaId)),
    replicas: (replicaId) => whole((db) => replicasOf(db, replicaId)),
    connections: async () => ({ total: 0, idle: 0, waiting: 0 }),
    noteActivity: (holder) => whole((db) => noteActivity(db, holder)),
    activityHistory: (query) => whole((db) => activityHistory(db, query)),
  };
}
