/** A provider that answers when, and as, a test says. */
import type { GenerateOutput } from '../../src/domain/catalogue.ts';
import {
  ProviderFault,
  type Provider,
  type ProviderCall,
  type ProviderFaultKind,
} from '../../src/providers/port.ts';

export type OpenCall = {
  readonly prompt: string;
  readonly attempt: number;
  readonly idempotencyKey: string;
  readonly signal: AbortSignal;
  answer(text: string, more?: Partial<GenerateOutput>): void;
  fail(kind: ProviderFaultKind, retryAfterMs?: number): void;
  /** Fails as no provider should. */
  throw(error: Error): void;
};

export type ScriptedProvider = Provider & {
  /** Every call that came, in order. */
  readonly calls: readonly OpenCall[];
  /** The call that came last; throws when none came. */
  last(): OpenCall;
};

export function scriptedProvider(
  options: {
    readonly name?: string;
    readonly ceiling?: number;
    readonly startsAt?: number;
    /** False: a hung provider, which does not even hear an abort. */
    readonly hearsAbort?: boolean;
    /** Called at once with each call: a provider that answers by itself. */
    readonly onCall?: (call: OpenCall) => void;
  } = {},
): ScriptedProvider {
  const { name = 'scripted', ceiling = 10, startsAt, hearsAbort = true, onCall } = options;
  const calls: OpenCall[] = [];
  return {
    name,
    ceiling,
    startsAt,
    calls,
    last: () => {
      const call = calls.at(-1);
      if (call === undefined) throw new Error('no call came');
      return call;
    },
    call: (call) =>
      new Promise((resolve, reject) => {
        const open = openCall(name, call, { resolve, reject });
        calls.push(open);
        if (hearsAbort) call.signal.addEventListener('abort', () => reject(new Error('aborted')));
        onCall?.(open);
      }),
  };
}

function openCall(
  provider: string,
  { input, attempt, idempotencyKey, signal }: ProviderCall,
  settle: { resolve(output: GenerateOutput): void; reject(error: Error): void },
): OpenCall {
  return {
    prompt: input.prompt ?? '',
    attempt,
    idempotencyKey,
    signal,
    answer: (text, more = {}) =>
      settle.resolve({
        text,
        toolCalls: [],
        stopReason: 'end',
        usage: { inputTokens: 1, outputTokens: 1 },
        provider,
        model: 'scripted',
        ...more,
      }),
    fail: (kind, retryAfterMs) =>
      settle.reject(new ProviderFault(kind, `${kind} on order`, retryAfterMs ?? null)),
    throw: (error) => settle.reject(error),
  };
}
