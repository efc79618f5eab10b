/** Agents, as the API tells of them. */
import type { AgentVersionView } from '../api-types.ts';

/** A version of an agent, and how many runs are open on it. */
export type AgentVersionRuns = AgentVersionView & {
  /** Open runs. */
  readonly openRuns: number;
};

/** Versions of one agent. */
export type AgentVersions = {
  /** In the order of their names. */
  readonly versions: readonly AgentVersionRuns[];
  /** False: there are more open runs than were counted. */
  readonly isWhole: boolean;
};
