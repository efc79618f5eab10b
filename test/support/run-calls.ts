/** Calls of runs without a runtime around them, as a turn makes them. */
import { asRunId, type RunId } from '../../src/domain/ids.ts';
import { Names } from '../../src/runtime/calls/call/names.ts';
import { RunCall } from '../../src/runtime/calls/call/run-call.ts';
import { nothingHeld } from '../../src/runtime/turn/held.ts';

let made = 0;

/** The row of a run that is its own pipeline. */
export function askingRun(runId: RunId) {
  return {
    tenant: 't',
    runId,
    shard: 0,
    agent: 'asker',
    version: '1',
    user: 'u',
    pipeline: runId,
    parent: null,
    inputText: '{}',
    idempotencyKey: null,
    priority: 'normal',
  } as const;
}

/** A call of such a run, of which nothing is committed. */
export function runCall(): RunCall {
  const runId = asRunId(`01900000-0000-7000-8000-${(made += 1).toString(16).padStart(12, '0')}`);
  const run = askingRun(runId);
  const source = { kind: 'generate' } as const;
  const invocation = { id: 'ask', incarnation: 1, source, input: { prompt: 'why?' } };
  const of = { run, held: nothingHeld, turn: 1, status: 'calling-provider' } as const;
  return new RunCall(of, invocation, {
    weight: 1,
    names: new Names(),
    moved: () => undefined,
  });
}
