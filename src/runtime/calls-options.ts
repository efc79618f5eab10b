/** What the calls of a replica are made with, and what they give to a batch. */
import type { ReplicaId } from '../domain/ids.ts';
import type { Grant } from '../providers/pool.ts';
import type { Provider } from '../providers/port.ts';
import type { ProviderWrite, SlotWrite } from '../store/batch.ts';
import type { Charges } from '../store/charges.ts';
import type { NewRun } from '../store/rows.ts';
import type { Budgets } from './budgets.ts';
import type { RunCall } from './calls-by-run.ts';
import type { Conversations } from './conversations.ts';
import type { Gate } from './gate.ts';
import type { Permits } from './permits.ts';
import type { Clock, Ids, Log } from './ports.ts';
import type { TenantWeights } from './tenant-weights.ts';
import type { Texts } from './texts.ts';
import type { Incoming } from './turn/incoming.ts';

type Result = Extract<Incoming, { kind: 'result' }>;

/** What a batch commits for calls, and what may be sent when it has. */
export type SealedCalls = {
  readonly slots: readonly SlotWrite[];
  readonly providers: readonly ProviderWrite[];
  readonly grants: readonly Grant<RunCall>[];
  /** Set while budgets are. */
  readonly charges?: Charges;
};

export type CallsOptions = {
  readonly clock: Clock;
  readonly gate: Gate;
  readonly permits: Permits;
  readonly ids: Ids;
  readonly replicaId: ReplicaId;
  readonly providers: readonly Provider[];
  readonly budgets: Budgets;
  readonly weights: TenantWeights;
  readonly conversations: Conversations;
  /** What goes straight to a run's next turn. */
  readonly deliver: (run: NewRun, result: Result) => void;
  /** A result that was paid for. */
  readonly ended: (call: RunCall, result: Result, tookMs: number) => void;
  /** There is something to commit: slots to write or to give. */
  readonly wanted: () => void;
  /** The same, by time alone: calls may wait for nothing else. */
  readonly due: () => void;
  /** Shows what answers hold while they come. */
  readonly texts: Texts;
  readonly log: Log;
};
