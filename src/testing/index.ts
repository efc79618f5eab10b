/**
 * `heddle/testing`: tests agents in memory, in virtual time, with a scripted model, through
 * crashes. It needs no database and loads none. `docs/testing.md` shows how to use it.
 */
export {
  testHeddle,
  type CrashOptions,
  type SettleOptions,
  type TestHeddle,
  type TestHeddleOptions,
  type TestWarning,
} from './test-heddle.ts';
export { byPrompt, type ModelFunction, type ModelScript } from './model/model-script.ts';
export type { CrashOf, CrashPoint } from './replica/crash-points.ts';
export type { Duration } from './time/duration.ts';
export type {
  BrokenAnswer,
  HangingAnswer,
  ModelAnswer,
  StatusAnswer,
  TextAnswer,
} from './model/model-answer.ts';
export type { ModelCall, ModelCallState } from './model/model-call.ts';
export type { ModelOptions, ScriptedModel } from './model/scripted-model.ts';
export type { Breakage } from '../providers/classification.ts';
