import type { RunId } from '../../domain/ids.ts';
import type { Agent } from '../../kernel/port.ts';

/** The questions that a turn may ask of the parts around it, all without I/O. */
export type TurnContext = {
  /** The newest registered version of an agent. */
  readonly newestAgent: (name: string) => Agent;
  readonly newRunId: () => RunId;
  /** The name under which an image is stored. */
  readonly sha256: (bytes: Uint8Array) => string;
  /** A replica of an earlier release may be at work: it reads the rows that earlier releases read. */
  readonly hasOlderReplicas: boolean;
  /** True when a quota of channels is set: only then must a turn know which channels exist. */
  readonly countsChannels: boolean;
  /** Throws `quota-exceeded` when the tenant may have no more of these. */
  readonly admit: (tenant: string, resource: 'channels' | 'memoryEntries') => void;
};

/** What this replica knows of the others, from its last heartbeat. */
export class Peers {
  /**
   * One of an earlier release may be at work. True until the first heartbeat says otherwise: then this replica
   * writes what such a replica can go on with.
   */
  hasOlder = true;
}
