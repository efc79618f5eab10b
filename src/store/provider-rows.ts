/** Rows of providers: the slots that calls are in, and what replicas have found out about gates. */
import type { ProviderStatus } from '../../machines/provider.ts';
import type { SlotStatus } from '../../machines/provider-slot.ts';
import type { ReplicaId } from '../domain/ids.ts';
import type { RunAddress } from './rows.ts';

/** One of a provider's concurrent places, held by one replica, with the call that is in it. */
export type SlotRow = {
  readonly provider: string;
  readonly replicaId: ReplicaId;
  readonly slot: number;
  readonly status: SlotStatus;
  readonly call: SlotCall | null;
};
export type SlotCall = RunAddress & {
  readonly invocationId: string;
  readonly incarnation: number;
  readonly attempt: number;
};

/**
 * The findings of replicas about a gate (a provider, or one model of it). Times are from now, by
 * the database's clock; at or below 0 they are over.
 */
export type ProviderRow = {
  /** The gate: a provider's name, or `provider/model` for its further models. */
  readonly gate: string;
  /** Its state. */
  readonly status: ProviderStatus;
  /** How much longer the provider has asked to wait. */
  readonly coolForMs: number;
  /** When a stalled provider is asked again. */
  readonly probeInMs: number;
  /** Probes that failed one after the other. */
  readonly failedProbes: number;
  /** How many calls the gate takes at once, over all replicas, as far as is known. */
  readonly limit: number;
  /** How many calls it may take at once at most. */
  readonly ceiling: number;
  /** The last fault of the provider's own, with the address, and how long ago it came; null: none is known. */
  readonly lastFault: {
    /** What it said. */
    readonly text: string;
    /** How long ago it came. */
    readonly agoMs: number;
  } | null;
  /** The names of the gate's provider and of the providers that share its ceiling, if there are any. */
  readonly sharesCeilingWith: readonly string[];
};

/** What replicas have found out about a gate. */
export type ProviderView = ProviderRow & {
  /** Calls of all replicas that are in its slots. */
  readonly inUse: number;
  /** How many of its calls were answered with a 429, of all replicas, in all. */
  readonly rateLimited: number;
  /** The calls that stand in line for it at all replicas. Each replica tells of its own with its heartbeat. */
  readonly line: {
    /** How many. A call that may go through several gates stands in line for each of them. */
    readonly length: number;
    /** How long ago the replica that told first of them told it, in ms. */
    readonly agoMs: number;
  };
  /** The last order that a person gave for it; null when none was given. */
  readonly lastOrder: {
    /** What was ordered. */
    readonly kind: 'reopen' | 'probe';
    /** Who ordered it. */
    readonly by: string;
    /** How long ago, in ms. */
    readonly agoMs: number;
  } | null;
};

/** How many calls stand in line at one replica, by gate. */
export type Lines = Readonly<Record<string, number>>;
