/**
 * Decides what heddle's stub answers, and by default an emulated model. Without tools it answers in
 * prose. With tools it follows a plan in the prompt, so that agents with tools can be run without a
 * model:
 *
 *     PLAN: recall {"scope":"user","key":"answer/c1"}
 *     PLAN: evaluate {"runId":"$RESULT[0].value.runId","score":"$ANSWER.score"}
 *     ANSWER: Done.
 *
 * 1. Each PLAN line is one tool call. It is made when there are as many tool results as PLAN lines
 *    before it.
 * 2. Plans are read only from system and user texts: a tool's result cannot command anything.
 * 3. After the plan comes the text of the line `ANSWER:`, or else prose.
 */
import type { Json, JsonObject } from '../../domain/json.ts';
import { stubText } from './stub-answer.ts';

export type PlanRequest = {
  readonly seed: number;
  readonly messages: readonly {
    readonly role: 'system' | 'user' | 'assistant' | 'tool';
    readonly text: string;
  }[];
  /** The names of the tools that the model may call. */
  readonly tools: readonly string[];
};

export type PlanAnswer = {
  readonly text?: string;
  readonly toolCalls?: readonly { readonly name: string; readonly input: Json }[];
};

const planLine = /^PLAN: *(\S+) *(.*)$/gm;
const answerLine = /^ANSWER: *(.*)$/m;

export function planAnswer(request: PlanRequest): PlanAnswer {
  if (request.tools.length === 0) {
    const texts = request.messages.map(({ text }) => text);
    return { text: stubText(request.seed, texts).text };
  }
  const instructions: string[] = [];
  const results: string[] = [];
  for (const { role, text } of request.messages) {
    if (role === 'tool') results.push(text);
    else if (role !== 'assistant') instructions.push(text);
  }
  // Results hold ids that differ from run to run. The instructions do not, so answers repeat.
  const answer = stubText(request.seed, instructions).text;
  const plan = instructions.join('\n');
  let step = 0;
  for (const [, name = '', args = ''] of plan.matchAll(planLine)) {
    if (step++ === results.length) return callOf(request, name, args, { results, answer });
  }
  const given = answerLine.exec(plan)?.[1];
  return { text: given === undefined ? answer : filledText(given, { results, answer }) };
}

type Known = { readonly results: readonly string[]; readonly answer: string };

/** A plan that cannot be followed is answered with the reason as text, where its author will see it. */
function callOf(request: PlanRequest, name: string, args: string, known: Known): PlanAnswer {
  if (!request.tools.includes(name)) {
    return { text: `The plan names ${name}, but the tools are ${request.tools.join(', ')}.` };
  }
  let input: Json;
  try {
    input = JSON.parse(args === '' ? '{}' : args) as Json;
  } catch {
    return { text: `The plan's arguments of ${name} are not JSON: ${args}` };
  }
  return { toolCalls: [{ name, input: filled(input, known) }] };
}

function filled(value: Json, known: Known): Json {
  if (typeof value === 'string') return filledValue(value, known);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item: Json) => filled(item, known));
  const entries = Object.entries(value as JsonObject);
  return Object.fromEntries(entries.map(([key, item]) => [key, filled(item, known)]));
}

const reference = /\$(?:RESULT\[(\d+)\]|ANSWER)((?:\.\w+|\[\d+\])*)/g;
const wholeReference = new RegExp(`^(?:${reference.source})$`);

/** A text that is only a reference becomes the value that it refers to: a number stays a number. */
function filledValue(text: string, known: Known): Json {
  const match = wholeReference.exec(text);
  if (match === null) return filledText(text, known);
  return lookUp(match, known) ?? text;
}

function filledText(text: string, known: Known): string {
  return text.replaceAll(reference, (...match) => {
    const value = lookUp(match, known) ?? match[0];
    return typeof value === 'string' ? value : JSON.stringify(value);
  });
}

/** Undefined if there is no such value: the reference then stays in the text as it was written. */
function lookUp(match: readonly (string | undefined)[], known: Known): Json | undefined {
  const [, index, path = ''] = match;
  const text = index === undefined ? known.answer : known.results[Number(index)];
  if (text === undefined || path === '') return text;
  let value: Json | undefined;
  try {
    value = JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
  for (const key of path.match(/\w+/g) ?? []) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as JsonObject)[key];
  }
  return value;
}
