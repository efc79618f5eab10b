/** The bounds of a tool loop: each has a default and a range. */
import { asWhole } from '../domain/field.ts';
import { limits } from '../domain/limits.ts';
import { asOptions } from '../domain/options.ts';

/** Reaching one of the first three ends the run in a state of its own, with the model's last text. */
export type ToolLoopBounds = {
  /** Model calls. Default 50. */
  readonly iterationsMax?: number;
  /** Input and output of all model calls together. Default 1,000,000. */
  readonly tokensMax?: number;
  /** Time from the first model call, all waiting included. Default an hour. */
  readonly timeMs?: number;
  /** Tool calls of one answer that are carried out, in parallel. Default 8. */
  readonly toolCallsMax?: number;
  /** Characters of one tool result; a longer one is an error that the model can read. Default 65,536. */
  readonly resultCharsMax?: number;
};

const boundKeys = [
  'iterationsMax',
  'tokensMax',
  'timeMs',
  'toolCallsMax',
  'resultCharsMax',
] as const;

/** Throws `invalid-field` and names the bound. */
export function boundsOf(given: ToolLoopBounds = {}): Required<ToolLoopBounds> {
  const bounds = asOptions(given, 'toolLoop.bounds', boundKeys);
  const whole = (name: keyof ToolLoopBounds, max: number, fallback: number): number =>
    asWhole(bounds[name], `toolLoop.bounds.${name}`, { min: 1, max, fallback });
  return {
    iterationsMax: whole('iterationsMax', limits.conversationMessagesMax, 50),
    tokensMax: whole('tokensMax', Number.MAX_SAFE_INTEGER, 1_000_000),
    timeMs: whole('timeMs', limits.delayMsMax, 3_600_000),
    toolCallsMax: whole('toolCallsMax', 32, 8),
    resultCharsMax: whole('resultCharsMax', limits.payloadBytesMax / 8, 65_536),
  };
}
