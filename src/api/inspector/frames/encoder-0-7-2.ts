/**
 * Frames as `@statelyai/inspect` 0.7.2 sends and reads them, one JSON object each. That package's own serializer cuts
 * at a depth of 10, where each nesting of states costs two: the definition here is the whole chart.
 */
import type { Encoder, InspectedRun } from './encoder-port.ts';

const version = '0.7.2';
const shortIdChars = 8;

const common = ({ runId, rootId }: InspectedRun, atMs: number) => {
  return {
    sessionId: runId,
    rootId,
    createdAt: String(Math.trunc(atMs)),
    id: null,
    _version: version,
  };
};

export const encoder072: Encoder = {
  version,
  actor: (run, { definition, state }) => ({
    type: '@xstate.actor',
    ...common(run, run.createdAtMs),
    name: `${run.agent} · ${run.runId.slice(-shortIdChars)}`,
    ...(run.parentId === null ? {} : { parentId: run.parentId }),
    // A chart that is not kept is drawn as what has its name alone, as the package does.
    definition: JSON.stringify(definition ?? { id: run.agent }),
    snapshot: state,
  }),
  event: (run, { event, sourceId, atMs }) => ({
    type: '@xstate.event',
    ...common(run, atMs),
    event,
    ...(sourceId === null ? {} : { sourceId }),
  }),
  snapshot: (run, { event, state, atMs }) => ({
    type: '@xstate.snapshot',
    ...common(run, atMs),
    event,
    snapshot: state,
  }),
};
