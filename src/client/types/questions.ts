/** What the API is told of the questions of all runs. */

/** Which questions are wanted. */
export type QuestionsQuery = {
  /** Only those that this person or group should answer. */
  readonly assignee?: string;
  /** Only those of this agent's runs. */
  readonly agent?: string;
  /** Only those that have been open for so long, in ms. */
  readonly olderThanMs?: number;
  /** How many at most. */
  readonly limit?: number;
  /** For the next page; empty when there is none. */
  readonly cursor?: string;
};
