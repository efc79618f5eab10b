/** What frames are made of, whichever protocol they are of. */

/** A run as an inspector has it: one actor. */
export type InspectedRun = {
  readonly runId: string;
  readonly agent: string;
  /** The first of its family. */
  readonly rootId: string;
  /** The run that has started it, if the client has been told of that one; else null. */
  readonly parentId: string | null;
  readonly createdAtMs: number;
};

/** The state of its chart, in XState's words. What a client may not see is left out. */
export type InspectedState = {
  readonly status: 'active' | 'done' | 'error' | 'stopped';
  readonly value?: unknown;
  readonly context?: unknown;
  readonly output?: unknown;
  readonly error?: unknown;
};

export type InspectedEvent = { readonly type: string; readonly [field: string]: unknown };

/** `atMs`: the time of the commit. */
export type Encoder = {
  readonly version: string;
  /** `definition`: the chart's config as JSON. */
  actor(
    run: InspectedRun,
    of: { readonly definition: unknown; readonly state: InspectedState },
  ): object;
  event(
    run: InspectedRun,
    of: { readonly event: InspectedEvent; readonly sourceId: string | null; readonly atMs: number },
  ): object;
  snapshot(
    run: InspectedRun,
    of: { readonly event: InspectedEvent; readonly state: InspectedState; readonly atMs: number },
  ): object;
};
