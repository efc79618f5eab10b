/**
 * What the store does for a caller: a person, a program, a page. Each method takes the scope that says which
 * tenant's rows it may touch, and only src/access makes one: so no request, however it is written, reads or
 * writes another tenant's rows. `port.ts` has what the runtime asks for its own work.
 */
import type { RunId } from '../domain/ids.ts';
import type { OneTenant, TenantScope } from '../domain/scope.ts';
import type { RunStatus } from '../../machines/run.ts';
import type { ImageBytes } from './batch.ts';
import type { ListingStore } from './ports/listing-port.ts';
import type { BudgetAddress, BudgetLimits, BudgetRow } from './charges.ts';
import type { RequestStore } from './requests/request-port.ts';
import type {
  AttemptRow,
  CheckpointRow,
  GroupAddress,
  JournalRow,
  MemoryAddress,
  MemoryVersionRow,
  MessageRow,
  QuestionRow,
  RunAddress,
  RunRow,
  TimerRow,
} from './rows.ts';
import type { EvaluationRow } from './ports/evaluation-rows.ts';
import type { RequestAsked } from './requests/request-rows.ts';
import type { EvaluationsStore } from './ports/evaluations.ts';
import type { QuestionsStore } from './ports/questions-port.ts';
import type { RecordsStore } from './ports/records.ts';
import type { WeaveStore } from './ports/weave-port.ts';

/** A request without its tenant: the scope has it. */
type In<Request extends { readonly tenant: string }> = Omit<Request, 'tenant'>;

type RunKey = Pick<RunAddress, 'tenant' | 'runId'>;

/** One conversation of one run. `newest`: only so many of its messages, the last ones. */
export type ConversationRead = RunKey & {
  readonly conversation: string;
  readonly newest?: number;
};

export type MemoryRead = MemoryAddress & {
  /** The version's number; null for the newest. */
  readonly version: number | null;
  /** How many versions before it are read too, newest first. */
  readonly history: number;
};
/** The versions, newest first; empty if the entry has no such version. */
export type MemoryReadResult = {
  readonly versions: readonly MemoryVersionRow[];
  /** The entry's newest version number, 0 when there is none. */
  readonly newest: number;
};

/** An image from outside any run. It is refused if the tenant's images would have more bytes than the bound. */
export type ImageStored = ImageBytes & {
  readonly tenant: string;
  readonly sha256: string;
  readonly tenantBytesMax: number;
};

/** A message that a consumer outside runs holds under a lease. */
export type LeasedMessage = MessageRow & {
  /** How often the message was given to this group: 1 for the first time. */
  readonly attempt: number;
  /** The token that acknowledges the message; it ends with the lease. */
  readonly token: string;
};

export type AuditFacts = {
  readonly runs: Readonly<Record<string, number>>;
  readonly channels: number;
  readonly messages: number;
  readonly subscriptions: Readonly<Record<string, number>>;
  readonly memoryEntries: number;
  readonly memoryVersions: number;
  readonly evaluations: number;
  /** Messages that no subscription has taken. */
  readonly unconsumedMessages: number;
  /** Messages that one group, or one run outside groups, has taken more than once. */
  readonly doubledMessages: number;
  /** Numbers missing between 1 and a channel's newest. */
  readonly channelGaps: number;
  /** Versions missing between 1 and an entry's newest. */
  readonly memoryGaps: number;
  /** Evaluations beyond the first of one evaluator run for one subject. */
  readonly doubledEvaluations: number;
  /** Waiting subscriptions of runs that have ended. */
  readonly orphanedSubscriptions: number;
  /** Turns missing between 1 and a run's newest. */
  readonly journalGaps: number;
  readonly slotsInUse: number;
};

export interface CallerStore
  extends ListingStore, QuestionsStore, RecordsStore, RequestStore, EvaluationsStore, WeaveStore {
  run(scope: OneTenant, runId: RunId): Promise<RunRow | null>;
  runs(
    scope: OneTenant,
    query: {
      readonly statuses: readonly RunStatus[] | null;
      readonly agent: string | null;
      readonly pipeline: string | null;
      readonly beforeRunId: RunId | null;
      readonly limit: number;
    },
  ): Promise<readonly RunRow[]>;
  /** In order: the first turns after a turn, or the last ones before a turn. */
  journal(
    scope: OneTenant,
    query: { readonly runId: RunId; readonly limit: number } & (
      { readonly afterTurn: number } | { readonly beforeTurn: number }
    ),
  ): Promise<readonly JournalRow[]>;
  /** The newest checkpoint of this turn or an earlier one; null: the run has none so early. */
  checkpoint(
    scope: OneTenant,
    query: { readonly runId: RunId; readonly turn: number },
  ): Promise<CheckpointRow | null>;
  /**
   * Attempts of a run's calls whose end stands in no journal, by turn and then in the order of their commits: those
   * after this turn and, if `afterSeq` is given, those of this turn after that one.
   */
  attempts(
    scope: OneTenant,
    query: {
      readonly runId: RunId;
      readonly afterTurn: number;
      readonly afterSeq: string | null;
      readonly limit: number;
    },
  ): Promise<readonly AttemptRow[]>;
  /** The messages in the order in which they were appended. */
  conversation(scope: OneTenant, read: In<ConversationRead>): Promise<readonly string[]>;
  /** Timers of one run, soonest first. */
  timersOf(
    scope: OneTenant,
    query: { readonly runId: RunId; readonly limit: number },
  ): Promise<readonly TimerRow[]>;
  /** Open questions of one run, oldest first, with answered ones that it has yet to take. */
  questions(
    scope: OneTenant,
    query: { readonly runId: RunId; readonly limit: number },
  ): Promise<readonly QuestionRow[]>;
  evaluations(
    scope: OneTenant,
    query: { readonly subjectRunId: RunId; readonly limit: number },
  ): Promise<readonly EvaluationRow[]>;

  /**
   * Leases messages to a consumer outside runs, at least once. Messages with an expired lease come
   * first. With `request` they are leased once, however often it is asked.
   */
  lease(
    scope: OneTenant,
    request: In<GroupAddress> & {
      readonly from: 'earliest' | 'latest';
      readonly max: number;
      readonly leaseMs: number;
      readonly request?: RequestAsked;
    },
  ): Promise<readonly LeasedMessage[]>;
  /** False for each token whose lease has ended or that was acknowledged before, but by the same `request`. */
  acknowledge(
    scope: OneTenant,
    request: In<GroupAddress> & {
      readonly tokens: readonly string[];
      readonly request?: RequestAsked;
    },
  ): Promise<readonly boolean[]>;

  /** One memory entry: a version of it, and versions before that. */
  memory(scope: OneTenant, read: In<MemoryRead>): Promise<MemoryReadResult>;
  /**
   * Stores an image; one that is there is kept for longer. False: the tenant has no room for it. Of images
   * that are stored at once all may be let in.
   */
  storeImage(scope: OneTenant, image: In<ImageStored>): Promise<boolean>;

  /** Gives a run, user or tenant a budget of its own. What it has spent stays. */
  setBudget(scope: OneTenant, at: In<BudgetAddress>, limits: BudgetLimits): Promise<void>;
  /** The budget as it is stored; null for an owner that was given none and that no default has charged. */
  budget(scope: OneTenant, at: In<BudgetAddress>): Promise<BudgetRow | null>;

  /**
   * Open runs by agent and version, of a tenant or of all. At most `openCountMax` runs are counted; `isWhole`
   * is false when there are more.
   */
  openRunsByVersion(scope: TenantScope): Promise<{
    readonly counts: readonly {
      readonly agent: string;
      readonly version: string;
      readonly open: number;
    }[];
    readonly isWhole: boolean;
  }>;

  audit(scope: OneTenant): Promise<AuditFacts>;
  /** How many rows an audit would read, in all of its tables; of each table `max` are counted and one more. */
  auditRows(scope: OneTenant, query: { readonly max: number }): Promise<number>;
}

type Method = keyof CallerStore;

/** What a method is asked with, and the tenant of its scope. */
export type AskedIn<Name extends Method> =
  Parameters<CallerStore[Name]> extends [unknown, infer Asked, ...unknown[]]
    ? Asked & { readonly tenant: string }
    : never;
/** What a method answers. */
export type AnswerIn<Name extends Method> = Awaited<ReturnType<CallerStore[Name]>>;

/** A store's own reads, which are given the tenant among their parameters. */
export type TenantReads = {
  readonly [
    Name in Exclude<Method, 'run' | 'openRunsByVersion' | 'audit' | 'setBudget' | 'budget'>
  ]: (asked: AskedIn<Name>) => Promise<AnswerIn<Name>>;
} & {
  readonly run: (tenant: string, runId: RunId) => Promise<RunRow | null>;
  readonly openRunsByVersion: (tenant: string | null) => Promise<AnswerIn<'openRunsByVersion'>>;
  readonly audit: (tenant: string) => Promise<AuditFacts>;
  readonly setBudget: (at: BudgetAddress, limits: BudgetLimits) => Promise<void>;
  readonly budget: (at: BudgetAddress) => Promise<BudgetRow | null>;
};

/** Both stores take a caller's requests through this: the tenant is the scope's, whatever the request holds. */
export function callerStore(reads: TenantReads): CallerStore {
  return {
    run: ({ tenant }, runId) => reads.run(tenant, runId),
    runs: ({ tenant }, query) => reads.runs({ ...query, tenant }),
    list: ({ tenant }, query) => reads.list({ ...query, tenant }),
    facets: ({ tenant }, query) => reads.facets({ ...query, tenant }),
    openCount: ({ tenant }, query) => reads.openCount({ ...query, tenant }),
    childrenOf: ({ tenant }, query) => reads.childrenOf({ ...query, tenant }),
    journal: ({ tenant }, query) => reads.journal({ ...query, tenant }),
    checkpoint: ({ tenant }, query) => reads.checkpoint({ ...query, tenant }),
    attempts: ({ tenant }, query) => reads.attempts({ ...query, tenant }),
    conversation: ({ tenant }, read) => reads.conversation({ ...read, tenant }),
    timersOf: ({ tenant }, query) => reads.timersOf({ ...query, tenant }),
    questions: ({ tenant }, query) => reads.questions({ ...query, tenant }),
    openQuestions: ({ tenant }, query) => reads.openQuestions({ ...query, tenant }),
    evaluations: ({ tenant }, query) => reads.evaluations({ ...query, tenant }),
    evaluationList: ({ tenant }, query) => reads.evaluationList({ ...query, tenant }),
    evaluationTotals: ({ tenant }, query) => reads.evaluationTotals({ ...query, tenant }),
    addEvaluation: ({ tenant }, given) => reads.addEvaluation({ ...given, tenant }),
    lease: ({ tenant }, request) => reads.lease({ ...request, tenant }),
    acknowledge: ({ tenant }, request) => reads.acknowledge({ ...request, tenant }),
    channels: ({ tenant }, query) => reads.channels({ ...query, tenant }),
    groups: ({ tenant }, query) => reads.groups({ ...query, tenant }),
    renewLeases: ({ tenant }, request) => reads.renewLeases({ ...request, tenant }),
    userBudgets: ({ tenant }, query) => reads.userBudgets({ ...query, tenant }),
    memoryEntries: ({ tenant }, query) => reads.memoryEntries({ ...query, tenant }),
    memory: ({ tenant }, read) => reads.memory({ ...read, tenant }),
    storeImage: ({ tenant }, image) => reads.storeImage({ ...image, tenant }),
    setBudget: ({ tenant }, at, limits) => reads.setBudget({ ...at, tenant }, limits),
    budget: ({ tenant }, at) => reads.budget({ ...at, tenant }),
    openRunsByVersion: (scope) =>
      reads.openRunsByVersion(scope.kind === 'one' ? scope.tenant : null),
    audit: ({ tenant }) => reads.audit(tenant),
    auditRows: ({ tenant }, query) => reads.auditRows({ ...query, tenant }),
    request: ({ tenant }, asked) => reads.request({ ...asked, tenant }),
    claimRequest: ({ tenant }, asked) => reads.claimRequest({ ...asked, tenant }),
    renewClaim: ({ tenant }, asked) => reads.renewClaim({ ...asked, tenant }),
    answerRequest: ({ tenant }, mark) => reads.answerRequest({ ...mark, tenant }),
    dropRequest: ({ tenant }, asked) => reads.dropRequest({ ...asked, tenant }),
    requestParts: ({ tenant }, asked) => reads.requestParts({ ...asked, tenant }),
    weaveOpen: ({ tenant }, query) => reads.weaveOpen({ ...query, tenant }),
    weaveEnded: ({ tenant }, query) => reads.weaveEnded({ ...query, tenant }),
    statusTurns: ({ tenant }, query) => reads.statusTurns({ ...query, tenant }),
    otherAttempts: ({ tenant }, query) => reads.otherAttempts({ ...query, tenant }),
  };
}
