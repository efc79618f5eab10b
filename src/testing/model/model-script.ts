/**
 * The source of a scripted model's answers: one answer for all calls, a list, a function, or a
 * choice by prompt.
 *
 * Each answer of a list is given once, in order. When a crash keeps an answer from being recorded,
 * the call is made again and gets the same answer. So a list reads as the agent's conversation,
 * with or without a crash. After a refusal, a break or a hang the next attempt gets the next
 * answer.
 */
import { refuseField } from '../../domain/field.ts';
import { asList } from '../../domain/options.ts';
import { planned, type ModelAnswer, type PlannedAnswer } from './model-answer.ts';
import type { ModelCall } from './model-call.ts';

/**
 * Called with each call. When it gives no answer (undefined), the test ends with an error that says
 * so.
 */
export type ModelFunction = (
  call: ModelCall,
) => ModelAnswer | undefined | Promise<ModelAnswer | undefined>;

/**
 * - one answer: it is given to every call;
 * - a list: each answer is given once, in order;
 * - a function: its result answers the call. When it throws a `ProviderFault`, the call fails with
 *   it.
 */
export type ModelScript = ModelAnswer | readonly ModelAnswer[] | ModelFunction;

/** Gives the answer to a call; null when there is none. */
export type AnswerSource = (
  call: ModelCall,
) => PlannedAnswer | null | Promise<PlannedAnswer | null>;

const answersMax = 100_000;

/** Throws `invalid-field` for a script that cannot be carried out. */
export function answerSource(script: ModelScript | undefined, field: string): AnswerSource {
  if (script === undefined) return () => null;
  if (typeof script === 'function') return fromFunction(script, field);
  if (!Array.isArray(script)) {
    const always = planned(script as ModelAnswer, field);
    return () => always;
  }
  const given = asList(script, field, { max: answersMax, what: 'answers' });
  return fromList(given.map((answer, i) => planned(answer as ModelAnswer, `${field}[${i}]`)));
}

function fromFunction(script: ModelFunction, field: string): AnswerSource {
  return async (call) => {
    const given = await script(call);
    return given === undefined ? null : planned(given, `${field}, call ${call.number}`);
  };
}

function fromList(answers: readonly PlannedAnswer[]): AnswerSource {
  const given = new Map<string, PlannedAnswer>();
  let next = 0;
  return ({ idempotencyKey }) => {
    const before = given.get(idempotencyKey);
    if (before !== undefined) return before;
    const answer = answers[next] ?? null;
    next += 1;
    if (answer?.kind === 'text') given.set(idempotencyKey, answer);
    return answer;
  };
}

/**
 * A script that chooses by the prompt: the first key that the prompt contains gives the answer, and
 * `*` answers when no other key fits. A list is used up call by call, as a script of its own.
 *
 * @example
 * byPrompt({ 'Say hello': 'Hello.', weather: [{ status: 429 }, 'Rain.'], '*': 'I do not know.' })
 */
export function byPrompt(
  answers: Readonly<Record<string, ModelAnswer | readonly ModelAnswer[]>>,
): ModelFunction {
  if (typeof answers !== 'object' || answers === null) refuseField('byPrompt', 'must be an object');
  const sources = Object.entries(answers).map(([part, script]) => {
    return { part, source: rawSource(script, `byPrompt[${JSON.stringify(part)}]`) };
  });
  return (call) => {
    const fits = sources.find(({ part }) => part !== '*' && call.prompt.includes(part));
    return (fits ?? sources.find(({ part }) => part === '*'))?.source(call);
  };
}

/** As `answerSource`, but returns the answers as the test wrote them. */
function rawSource(
  script: ModelAnswer | readonly ModelAnswer[],
  field: string,
): (call: ModelCall) => ModelAnswer | undefined {
  const list = Array.isArray(script) ? (script as readonly ModelAnswer[]) : null;
  const written = list ?? [script as ModelAnswer];
  const byPlan = new Map(written.map((answer, i) => [planned(answer, `${field}[${i}]`), answer]));
  const plans = [...byPlan.keys()];
  const [only] = written;
  if (list === null) return () => only;
  const source = fromList(plans);
  return (call) => {
    const plan = source(call) as PlannedAnswer | null;
    return plan === null ? undefined : byPlan.get(plan);
  };
}
