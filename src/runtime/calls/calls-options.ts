/** The options of the calls of a replica, and what they give to a batch. */
import type { CapacitySettings } from '../../domain/capacity-settings.ts';
import type { Backlog } from '../wake/backlog.ts';
import type { ReplicaId } from '../../domain/ids.ts';
import type { Grant } from '../../providers/capacity/pool.ts';
import type { Provider } from '../../providers/port.ts';
import type { ProviderWrite, SlotWrite } from '../../store/batch.ts';
import type { Charges } from '../../store/charges.ts';
import type { RunAddress } from '../../store/rows.ts';
import type { Budgets } from './budgets/budgets.ts';
import type { RestingOptions } from './resting-calls.ts';
import type { RunCall } from './call/run-call.ts';
import type { CallImages } from './attempt/call-images.ts';
import type { Conversations } from './conversations.ts';
import type { LeaseValve } from './lease-valve.ts';
import type { Permits } from './call/permits.ts';
import type { Clock, Ids, Log } from '../ports.ts';
import type { TenantWeights } from '../wake/tenant-weights.ts';
import type { Texts } from './texts.ts';
import type { Incoming } from '../turn/incoming.ts';

type Result = Extract<Incoming, { kind: 'result' }>;

/** The part of a batch that concerns calls, and the calls that may be sent after the commit. */
export type SealedCalls = {
  readonly slots: readonly SlotWrite[];
  readonly providers: readonly ProviderWrite[];
  readonly grants: readonly Grant<RunCall>[];
  /** Set while budgets are on. */
  readonly charges?: Charges;
};

export type CallsOptions = RestingOptions & {
  readonly clock: Clock;
  readonly capacity: CapacitySettings;
  readonly budgets: Budgets;
  readonly valve: LeaseValve;
  readonly permits: Permits;
  readonly ids: Ids;
  readonly replicaId: ReplicaId;
  readonly providers: readonly Provider[];
  readonly weights: TenantWeights;
  readonly backlog: Backlog;
  readonly conversations: Conversations;
  readonly images: CallImages;
  /** Hands a result to the run's next turn, without a commit before it. */
  readonly deliver: (run: RunAddress, result: Result) => void;
  /** This run's row must be read again: what memory holds of the call is not true. */
  readonly doubted: (call: RunCall) => void;
  /** There is something to commit: slots to write or to give. */
  readonly wanted: () => void;
  /** Shows the text of answers while it comes. */
  readonly texts: Texts;
  readonly log: Log;
};
