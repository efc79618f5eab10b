import type { RunId } from '../../domain/ids.ts';
import type { Agent } from '../../kernel/port.ts';

/** The questions that a turn may ask of the parts around it, all without I/O. */
export type TurnContext = {
  /** The newest registered version of an agent. */
  readonly newestAgent: (name: string) => Agent;
  readonly newRunId: () => RunId;
  /** True when a quota of channels is set: only then must a turn know which channels exist. */
  readonly countsChannels: boolean;
  /** Throws `quota-exceeded` when the tenant may have no more of these. */
  readonly admit: (tenant: string, resource: 'channels' | 'memoryEntries') => void;
};
