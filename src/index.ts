/**
 * The public names, for agent authors and hosts. Nothing else is public.
 *
 * Each type that a public function takes or returns is exported here, so that it can be named; `npm
 * run docs` fails when one is missing or has no comment.
 */

// Charts: actors, tasks, tools.
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
export type { ToolLoopEvent } from './tool-loop/chat.ts';
export type { ToolApproval, ToolApprovalData } from './tool-loop/approval.ts';
export type {
  PathSegment,
  SchemaIssue,
  SchemaResult,
  StandardSchema,
} from './domain/standard-schema.ts';
export type {
  ToolLoopChat,
  ToolLoopChild,
  ToolLoopInput,
  ToolLoopOptions,
} from './tool-loop/options.ts';
export type { ToolLoopBounds } from './tool-loop/bounds.ts';
export type { ToolLoopEnd, ToolLoopOutput, ToolLoopValue } from './tool-loop/loop-context.ts';
export type { BuiltInTool } from './tool-loop/built-in-tools.ts';
export type * from './domain/catalogue.ts';
export { partsOf } from './domain/model/parts.ts';

// A replica, and the types of its methods.
export { createHeddle, stubProvider, type Heddle, type HeddleOptions } from './heddle.ts';
export type {
  AgentSchema,
  AgentSource,
  AgentSources,
  AgentVersion,
  AnyChart,
} from './runtime/agent-source.ts';
export type { AgentsQuery, AgentView, OpenRuns, VersionRuns } from './library/agents/agent-view.ts';
export type {
  MemoryOwner,
  Published,
  PublishRequest,
  RunOptions,
  SendRequest as SendOptions,
  StartRequest,
} from './library/requests.ts';
export type {
  EvaluationCounts,
  EvaluationGiven,
  EvaluationStands,
  EvaluationsQuery,
} from './library/caller/evaluations.ts';
export type { EvaluationTotals } from './store/ports/evaluations.ts';
export type { GroupRequest, LeaseHolder, RenewRequest } from './library/outside-channels.ts';
export type { RecallOptions, RememberOptions } from './library/outside-memory.ts';
export type { ImageInput, StoredImagePart } from './library/images.ts';
export type { RunsQuery } from './library/runs-query.ts';
export type { Listing } from './library/caller/listing.ts';
export type { BulkCommand, BulkCount, BulkDone, BulkRequest } from './library/listing/bulk.ts';
export type { ChildLine, ChildrenQuery, RunChildren } from './library/listing/children.ts';
export type { RerunOptions } from './library/listing/rerun.ts';
export type { RunsFilter } from './library/listing/run-filter.ts';
export type { RunList, RunListQuery } from './library/listing/run-list.ts';
export type { FacetField, RunFacets, RunLine } from './store/ports/listing-port.ts';
export type { Budget, BudgetOwner, BudgetUse, BudgetView } from './library/budget-requests.ts';
export type { OpenQuestion } from './library/answers.ts';
export type { ReopenOptions } from './library/caller/gate-orders.ts';
export type {
  ActivityCounts,
  ActivityRow,
  ReplicaRow,
  ReplicasView,
  StatusCounts,
} from './store/ports/operations-port.ts';
export type { ActivityHistory, ActivityQuery, TenantsQuery } from './library/caller/operations.ts';
export type { ListedQuestion, QuestionsQuery } from './library/caller/questions.ts';
export type { RuntimeSettings } from './runtime/settings.ts';
export type { Log } from './runtime/ports.ts';

// A run, and the types of its methods.
export type { OutputOptions, Run, Subscription } from './library/run-handle.ts';
export type { Why } from './library/why/why.ts';
export type { Phase, Place } from './domain/calls/phase.ts';
export type { Chain, Hop } from './library/why/chain.ts';
export type { CanPublish } from './library/why/can-publish.ts';
export type { BudgetState, GateState, OpenWait, Wait } from './library/why/wait.ts';
export type { ConversationOptions, JournalLine } from './library/run-history.ts';
export type { PastSnapshot, Turn, TurnsQuery } from './library/past/past.ts';
export type { InvokedKind, PastOpen, TurnOpened, TurnStopped } from './library/past/open-in.ts';
export type { Edge } from './kernel/port.ts';
export type { Attempt, AttemptEnd, AttemptNote } from './domain/calls/attempt.ts';
export type { CallDelta, TextDelta } from './runtime/calls/texts.ts';
export type { MessageRow, NewRun, ParentAddress, RunAddress, RunRow } from './store/rows.ts';
export type { EvaluationInsert, EvaluationRow } from './store/ports/evaluation-rows.ts';
export type { ProviderRow, ProviderView } from './store/provider-rows.ts';
export type { LeasedMessage } from './store/caller-port.ts';
export type {
  ActionThrew,
  AttemptLost,
  ChartEvent,
  JournalEntry,
  Sender,
  RunEvent,
} from './domain/event.ts';
export type { RunId } from './domain/ids.ts';
export type { Priority } from './domain/priority.ts';
export type { ProviderStatus } from '../machines/provider.ts';
export type { RunStatus } from '../machines/run.ts';

// Types that are derived from a chart's types.
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
export type { Json, JsonObject } from './domain/json.ts';

// Providers.
export {
  createAnthropic as anthropic,
  type AnthropicOptions,
} from './providers/anthropic/anthropic.ts';
export type { ThinkingStyle } from './providers/anthropic/thinking.ts';
export { languageModel, type LanguageModelOptions } from './providers/ai-sdk/language-model.ts';
export type { LanguageModel } from './providers/ai-sdk/model-shape.ts';
export { createOllama as ollama, type OllamaOptions } from './providers/ollama/ollama.ts';
export {
  createOpenaiCompatible as openaiCompatible,
  type ChatSupport,
  type OpenaiCompatibleOptions,
} from './providers/openai/openai-compatible.ts';
export type { AdapterOptions } from './providers/wire/adapter-options.ts';
export type { WireLimits } from './providers/wire/wire-limits.ts';
export type { StubFaults, StubOptions } from './providers/stub/stub.ts';
export {
  ProviderFault,
  type Price,
  type Provider,
  type ProviderCall,
  type ProviderFaultKind,
  type ProviderSupport,
  type CallPreference,
} from './providers/port.ts';

// Errors.
export {
  HeddleError,
  type ErrorCode,
  type ErrorDetail,
  type ErrorRecord,
} from './domain/errors.ts';
export type { Failure } from './domain/failure.ts';
