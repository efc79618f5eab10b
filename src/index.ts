/** What agent authors and hosts import. Nothing else is public. */
export {
  ask,
  catalogue,
  recall,
  receive,
  task,
  type TaskArgs,
  type TaskPolicy,
} from './kernel/catalogue.ts';
export { toolLoop, type ToolLoopMachine } from './tool-loop/tool-loop.ts';
export { tool, type AuthorTool } from './tool-loop/author-tool.ts';
export type { StandardSchema } from './tool-loop/standard-schema.ts';
export type { ToolLoopBounds, ToolLoopInput, ToolLoopOptions } from './tool-loop/options.ts';
export type { ToolLoopEnd, ToolLoopOutput } from './tool-loop/loop-context.ts';
export type { BuiltInTool } from './tool-loop/built-in-tools.ts';
export { createHeddle, stubProvider, type Heddle, type HeddleOptions } from './heddle.ts';
export type { Budget, BudgetOwner, BudgetView } from './library/budget-requests.ts';
export type { Priority } from './domain/priority.ts';
export type { JournalLine, OutputOptions, Run } from './library/run-handle.ts';
export type { AgentSource, AgentSources, AgentVersion, AnyChart } from './runtime/agent-source.ts';
export type {
  AgentName,
  AgentRef,
  ChartFor,
  StartArguments,
  StartOf,
  StartOptions,
} from './library/agent-types.ts';
export type {
  AnswerOf,
  EmittedAs,
  EmittedOf,
  EventOf,
  InputOf,
  NameOf,
  OutputOf,
  SentEvent,
} from './library/chart-types.ts';
export type { JsonOf } from './domain/plain/json-of.ts';
export type { OpenQuestion } from './library/answers.ts';
export type { SendRequest as SendOptions } from './library/requests.ts';
export type { TextDelta } from './runtime/calls/texts.ts';
export {
  createAnthropic as anthropic,
  type AnthropicOptions,
} from './providers/anthropic/anthropic.ts';
export { createOllama as ollama, type OllamaOptions } from './providers/ollama/ollama.ts';
export { ProviderFault, type Provider, type ProviderCall } from './providers/port.ts';
export { HeddleError, type ErrorCode, type ErrorRecord } from './domain/errors.ts';
export type * from './domain/catalogue.ts';
export type { ChartEvent, JournalEntry } from './domain/event.ts';
export type { Failure } from './domain/failure.ts';
export type { Json } from './domain/json.ts';
export type { RunStatus } from '../machines/run.ts';
