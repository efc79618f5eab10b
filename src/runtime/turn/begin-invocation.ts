/**
 * Begins what a run's chart invokes. Effects on heddle's own state end inside the turn: their completion
 * is folded next. Every other invocation stays open in the chart's state. It begins after the commit and
 * never before (promise 5): calls by `calls.ts`, tasks by `run-tasks.ts`.
 */
import type { Effect } from '../../domain/effect.ts';
import { checkAsk, checkEvaluate, type ResolvedAsk } from '../../domain/catalogue-input.ts';
import { checkGenerate } from '../../domain/model/generate-input.ts';
import { heddleError, type ErrorRecord } from '../../domain/errors.ts';
import { recordOf } from '../../domain/failure.ts';
import { asObject } from '../../domain/field.ts';
import { shardOf, type RunId } from '../../domain/ids.ts';
import type { Json } from '../../domain/json.ts';
import { inputToText } from '../../domain/input-text.ts';
import { limits } from '../../domain/limits.ts';
import type { Agent, OpenInvocation } from '../../kernel/port.ts';
import { checkSchema } from '../../schema/check-schema.ts';
import { isTurnsOwn } from '../fault.ts';
import type { NewRun } from '../../store/rows.ts';
import { beginCall } from './conversation-effects.ts';
import { limitTimer, setTimer, type Draft } from './draft.ts';
import { beginLimit } from './invocation-limit.ts';
import { nextGeneration, tellGeneration } from './family.ts';
import { forget, recall, remember } from './memory-effects.ts';
import { beginReceive, publish } from './receive-effects.ts';
import { openQuestion } from './questions.ts';
import type { Reading } from './reading.ts';
import type { TurnContext } from './turn-context.ts';

export type Invoke = Extract<Effect, { kind: 'invoke' }>;

/** Refused input and failed effects come back to the chart as a failed invocation (promise 11). */
export function* beginInvocation(
  draft: Draft,
  invoke: Invoke,
  open: readonly OpenInvocation[],
  context: TurnContext,
): Reading<void> {
  const { id, incarnation } = invoke;
  draft.effectCount += 1;
  // A chart that answers the failure below with the next effect would never come to rest, so at twice
  // the bound the whole turn fails.
  if (draft.effectCount > limits.turnEffectsMax * 2) {
    throw heddleError('turn-too-long', { max: limits.turnEffectsMax });
  }
  try {
    if (draft.effectCount > limits.turnEffectsMax) {
      throw heddleError('turn-too-long', { max: limits.turnEffectsMax });
    }
    if (invoke.source.kind === 'generate') {
      const input = checkGenerate(invoke.input ?? null);
      if (input.schema !== undefined) checkSchema(input.schema, 'generate.schema');
      beginCall(draft, { id, incarnation, input }, open, context);
      return beginLimit(draft, invoke);
    }
    const output = yield* perform(draft, invoke, context);
    if (output !== undefined) draft.inner.push({ kind: 'done', id, incarnation, output });
  } catch (error) {
    // A fault of heddle's own does not go to the chart, and no run fails for it (promise 13).
    if (!isTurnsOwn(error)) throw error;
    draft.inner.push({ kind: 'failed', id, incarnation, error: recordOf(error) });
  }
}

/** The output, or undefined when the invocation stays open. */
function* perform(draft: Draft, invoke: Invoke, context: TurnContext): Reading<Json | undefined> {
  const { source } = invoke;
  const input = invoke.input ?? null;
  switch (source.kind) {
    case 'publish':
      return yield* publish(draft, input, context);
    case 'remember':
      return yield* remember(draft, input, context);
    case 'recall':
      return yield* recall(draft, input);
    case 'forget':
      return yield* forget(draft, input, context);
    case 'evaluate':
      return evaluate(draft, invoke);
    case 'receive':
      return (yield* beginReceive(draft, invoke, context)) ?? undefined;
    case 'ask':
      ask(draft, invoke);
      return undefined;
    case 'generate':
    case 'task':
      beginLimit(draft, invoke);
      return undefined;
    case 'child':
      startChild(draft, invoke, context.newestAgent(source.agent), context.newRunId());
      return undefined;
  }
}

/** Idempotent per invocation: its id is made of run, invocation and incarnation. */
function evaluate(draft: Draft, { id, incarnation, input }: Invoke): Json {
  const asked = checkEvaluate(input ?? null);
  const { run } = draft.from;
  const evaluationId = `${run.runId}:${id}:${incarnation}`;
  draft.evaluations.push({
    tenant: run.tenant,
    evaluationId,
    subjectRunId: asked.runId,
    evaluatorRunId: run.runId,
    score: asked.score,
    rationale: asked.rationale,
  });
  return { evaluationId };
}

function ask(draft: Draft, { id, incarnation, input }: Invoke): void {
  const asked = checkAsk(input ?? null);
  if (asked.schema !== null) checkSchema(asked.schema, 'ask.schema');
  openQuestion(draft, {
    invocationId: id,
    incarnation,
    agent: draft.from.run.agent,
    assignee: asked.assignee,
    questionText: JSON.stringify(questionOf(asked)),
  });
  if (asked.timeoutMs !== null) {
    setTimer(draft, {
      timerId: limitTimer(id),
      generation: incarnation,
      delayMs: asked.timeoutMs,
    });
  }
}

/** As the question's row keeps it: what is not given is not written. */
function questionOf({ question, schema, data, assignee }: ResolvedAsk): Json {
  return {
    question,
    schema,
    ...(data === null ? {} : { data }),
    ...(assignee === null ? {} : { assignee }),
  };
}

/** A child is a run of its own, with its own row, in its parent's tenant and pipeline. */
function startChild(
  draft: Draft,
  { id, incarnation, input }: Invoke,
  agent: Agent,
  runId: RunId,
): void {
  const { run } = draft.from;
  const generation = nextGeneration(draft);
  const child: NewRun = {
    tenant: run.tenant,
    runId,
    shard: shardOf(run.pipeline),
    agent: agent.name,
    version: agent.version,
    user: run.user,
    pipeline: run.pipeline,
    parent: {
      tenant: run.tenant,
      runId: run.runId,
      shard: run.shard,
      invocationId: id,
      incarnation,
    },
    inputText: inputToText(input),
    idempotencyKey: null,
    priority: run.priority,
  };
  draft.children.push(child);
  tellGeneration(draft, child, generation);
  const held = { runId, shard: child.shard, agent: agent.name };
  draft.held = { ...draft.held, children: { ...draft.held.children, [id]: held } };
}

/** The contents of an inbox row `child`: a child run's end. */
export function childOutcome(payload: Json): {
  incarnation: number;
  output: Json | undefined;
  error: ErrorRecord | null;
  run: string | undefined;
} {
  const value = asObject(payload, 'child');
  const error = value['error'] ?? null;
  return {
    incarnation: Number(value['incarnation']),
    output: value['output'],
    error: error === null ? null : (error as ErrorRecord),
    run: typeof value['runId'] === 'string' ? value['runId'] : undefined,
  };
}
