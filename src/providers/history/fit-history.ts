/**
 * Makes the history of a call valid by rule, before every call of every provider. A history comes from
 * charts, from rows and from answers of several providers, and a run may have been interrupted anywhere:
 * one message that its provider refuses would fail every later call too. Pure; what is stored stays as it is.
 *
 * 1. Each tool call has one result, directly after its message; a missing one says that the call was
 *    interrupted. Ids are unique, ids and names have a form that all providers take (`exchanges.ts`).
 * 2. No text is blank, and no message says nothing (`said.ts`).
 * 3. Reasoning and opaque parts go to the provider and model that wrote them, and to no other. A tool exchange
 *    without reasoning of the model that is asked goes on without reasoning until it ends.
 * 4. The history ends with the user or with a tool's result, because most models refuse to go on with a
 *    message of their own.
 *
 * A request that is valid comes back as it is.
 */
import type { GenerateMessage, GenerateRequest } from '../../domain/catalogue.ts';
import { refuseField } from '../../domain/field.ts';
import { isBlank } from './blank.ts';
import { withExchanges } from './exchanges.ts';
import { isForeignIn, saidOf, type AssistantMessage, type CallTarget } from './said.ts';
import { toolNames, withSentTools } from './tool-names.ts';

/** Said for the user after a message of the model's own, which it is to go on with. */
const goOn: GenerateMessage = { role: 'user', content: 'Continue.' };

/** Throws `invalid-field` for a request in which nothing stands that a model could answer. */
export function fitHistory(request: GenerateRequest, to: CallTarget): GenerateRequest {
  const names = toolNames(request);
  if (names === null && isTextAlone(request)) return request;
  const { prompt, system, messages = [] } = request;
  const said = messages.flatMap((message) => saidOf(message, to) ?? []);
  const exchanged = withExchanges(said, names?.sent ?? ((name) => name));
  const hasPrompt = prompt !== undefined && !isBlank(prompt);
  if (!hasPrompt && !exchanged.some(({ role }) => role !== 'system')) refuseBlank(request);
  const isOpenEnd = !hasPrompt && lastOf(exchanged)?.role === 'assistant';
  if (isOpenEnd && prompt !== undefined) refuseBlank(request);
  const fitted = isOpenEnd ? [...exchanged, goOn] : exchanged;
  return without(names === null ? request : withSentTools(request, names), {
    prompt: prompt !== undefined && !hasPrompt,
    system: system !== undefined && isBlank(system),
    reasoning: !hasPrompt && mustNotReason(request, fitted, to),
    messages: areSame(messages, fitted) ? null : fitted,
  });
}

/** As nearly all requests are: texts in turn, of which the user says the last. */
function isTextAlone({ prompt, system, messages = [] }: GenerateRequest): boolean {
  if (prompt !== undefined && isBlank(prompt)) return false;
  if (system !== undefined && isBlank(system)) return false;
  const last = prompt === undefined ? lastOf(messages)?.role : 'user';
  return last === 'user' && messages.every(isText);
}

function isText(message: GenerateMessage): boolean {
  if (message.role === 'tool' || isBlank(message.content)) return false;
  if ('parts' in message && message.parts !== undefined) return false;
  return message.role !== 'assistant' || (message.toolCalls ?? []).length === 0;
}

function refuseBlank({ prompt }: GenerateRequest): never {
  const field = prompt === undefined ? 'generate.messages' : 'generate.prompt';
  return refuseField(field, 'is blank, and nothing else stands there that a model could answer');
}

/** Instructions may stand anywhere, and are no turn. */
function lastOf(messages: readonly GenerateMessage[]): GenerateMessage | undefined {
  return messages.findLast(({ role }) => role !== 'system');
}

/**
 * True inside a tool exchange that has lost reasoning, or was begun without any by another provider or
 * model. A model that reasons expects its own reasoning at the beginning of the exchange.
 */
function mustNotReason(
  { reasoning, messages = [] }: GenerateRequest,
  fitted: readonly GenerateMessage[],
  to: CallTarget,
): boolean {
  if (reasoning === undefined || reasoning === 'off') return false;
  if (lastOf(fitted)?.role !== 'tool') return false;
  const from = messages.findLastIndex(({ role, content, ...rest }) => {
    return role === 'user' && ('parts' in rest || !isBlank(content));
  });
  const answers = messages
    .slice(from + 1)
    .filter((message): message is AssistantMessage => message.role === 'assistant');
  if (answers.some((answer) => isForeignIn(answer, to))) return true;
  const first = answers.find(({ toolCalls = [] }) => toolCalls.length > 0);
  return !(first?.parts ?? []).some(({ type }) => type === 'reasoning');
}

function without(
  request: GenerateRequest,
  blank: {
    readonly prompt: boolean;
    readonly system: boolean;
    readonly reasoning: boolean;
    readonly messages: readonly GenerateMessage[] | null;
  },
): GenerateRequest {
  const { prompt, system, messages, ...rest } = request;
  if (!blank.prompt && !blank.system && !blank.reasoning && blank.messages === null) return request;
  const fitted = blank.messages ?? messages;
  return {
    ...rest,
    ...(prompt === undefined || blank.prompt ? {} : { prompt }),
    ...(system === undefined || blank.system ? {} : { system }),
    ...(fitted === undefined ? {} : { messages: fitted }),
    ...(blank.reasoning ? { reasoning: 'off' } : {}),
  };
}

function areSame(before: readonly GenerateMessage[], after: readonly GenerateMessage[]): boolean {
  return before.length === after.length && before.every((message, i) => message === after[i]);
}
