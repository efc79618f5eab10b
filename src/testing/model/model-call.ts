/**
 * One call that a scripted model got, from its arrival to its end. The script decides the answer,
 * and scripted-model.ts when it comes.
 */
import type { GenerateRequest, GenerateMessage, ModelDelta } from '../../domain/catalogue.ts';
import { refuseField } from '../../domain/field.ts';
import { partsOf } from '../../domain/model/parts.ts';
import { callAborted, type ProviderCall } from '../../providers/port.ts';
import type { Life } from '../replica/life.ts';
import { planned, type ModelAnswer, type PlannedAnswer } from './model-answer.ts';

/**
 * - open: it waits for its answer;
 * - answered, failed: its answer, or its refusal or break, has reached the agent;
 * - aborted: the agent did not want the answer any more (a cancel, a timeout, a close);
 * - unanswered: the replica that made it crashed before the answer came.
 */
export type ModelCallState = 'open' | 'answered' | 'failed' | 'aborted' | 'unanswered';

/** Carries out an answer to the call. */
type Carrier = {
  readonly carry: (answer: PlannedAnswer, call: ModelCall) => void;
  readonly resolve: (answer: PlannedAnswer & { readonly kind: 'text' }) => void;
  readonly reject: (error: Error) => void;
};

/** A call of a model as a test sees it. */
export class ModelCall {
  /** Counted from 1, in the order of the model's calls. */
  readonly number: number;
  /** The run that makes the call. */
  readonly runId: string;
  /** The whole input, as the provider gets it: model, tools, messages, limits. */
  readonly input: GenerateRequest;
  /** 1 for the first attempt; an attempt that a 429 refused does not count. */
  readonly attempt: number;
  /** The same for each attempt of one invocation of `generate`, before and after a crash. */
  readonly idempotencyKey: string;
  /** The virtual time of its arrival, in milliseconds since 1970. */
  readonly atMs: number;
  readonly #call: ProviderCall;
  readonly #life: Life;
  readonly #carrier: Carrier;
  #state: ModelCallState = 'open';

  /** @internal */
  constructor(
    call: ProviderCall,
    of: { readonly number: number; readonly atMs: number; readonly life: Life },
    carrier: Carrier,
  ) {
    const { number, atMs, life } = of;
    this.#life = life;
    this.number = number;
    this.input = call.input;
    this.attempt = call.attempt;
    this.idempotencyKey = call.idempotencyKey;
    this.runId = call.idempotencyKey.slice(0, 36);
    this.atMs = atMs;
    this.#call = call;
    this.#carrier = carrier;
    if (call.signal.aborted) this.#abort();
    else call.signal.addEventListener('abort', () => this.#abort(), { once: true });
  }

  /** The last request: the input's prompt, or the newest message with the role `user`. */
  get prompt(): string {
    const { prompt, messages = [] } = this.input;
    if (prompt !== undefined) return prompt;
    return messages.findLast(({ role }) => role === 'user')?.content ?? '';
  }

  /** The instructions before all messages; empty when there are none. */
  get system(): string {
    return this.input.system ?? '';
  }

  /** The conversation so far; empty when the call has only a prompt. */
  get messages(): readonly GenerateMessage[] {
    return this.input.messages ?? [];
  }

  /** The state of the call: see `ModelCallState`. */
  get state(): ModelCallState {
    // The replica that waited for the answer has ended.
    if (this.#state === 'open' && this.#life.isOver) return 'unanswered';
    return this.#state;
  }

  /**
   * Answers a call that is open: one that hangs, or whose answer was to come later. Throws
   * `invalid-field` when the call is not open any more.
   */
  answer(answer: ModelAnswer): void {
    if (this.state !== 'open') refuseField('answer', `comes too late: the call is ${this.state}`);
    this.#carrier.carry(planned(answer, 'answer'), this);
  }

  /** @internal Gives the call its answer. */
  settle(answer: PlannedAnswer): void {
    if (this.state !== 'open' || answer.kind === 'hang') return;
    for (const delta of deltasOf(answer)) this.#show(delta);
    this.#state = answer.kind === 'text' ? 'answered' : 'failed';
    if (answer.kind === 'text') this.#carrier.resolve(answer);
    else this.#carrier.reject(answer.fault);
  }

  #show(delta: ModelDelta): void {
    const { onDelta, onText } = this.#call;
    if (onDelta !== undefined) onDelta(delta);
    else if (delta.type === 'text') onText?.(delta.text);
  }

  #abort(): void {
    if (this.state !== 'open') return;
    this.#state = 'aborted';
    this.#carrier.reject(callAborted(this.#call.signal));
  }
}

/** What comes before the end, in one piece each. */
function deltasOf(answer: Exclude<PlannedAnswer, { kind: 'hang' }>): readonly ModelDelta[] {
  if (answer.kind === 'fault')
    return answer.text === '' ? [] : [{ type: 'text', text: answer.text }];
  return partsOf(answer.output).flatMap((part): readonly ModelDelta[] => {
    if (part.type === 'text' || part.type === 'reasoning') {
      return [{ type: part.type, text: part.text }];
    }
    if (part.type !== 'tool-call') return [];
    const { type, id, name, input } = part;
    return [{ type, id, name, inputText: JSON.stringify(input) }];
  });
}
