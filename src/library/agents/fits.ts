/**
 * Whether what comes from outside fits the schemas of its agent: the input of a start, an event that is sent.
 * Inputs of children and events between runs are the authors' own, and are not checked.
 */
import { heddleError } from '../../domain/errors.ts';
import type { ChartEvent } from '../../domain/event.ts';
import { inputFromText } from '../../domain/input-text.ts';
import type { AgentSchemas } from '../../kernel/port.ts';
import type { KnownAgent, KnownAgents } from '../../runtime/registry/known-agents.ts';
import { compileSchema } from '../../schema/compile-schema.ts';
import type { StartArrival } from '../../store/rows.ts';

/** A start whose agent may be one that only other replicas have. */
export type AskedStart = {
  readonly agent: KnownAgent | { readonly name: string; readonly version: null };
  /** Its version counts only where the agent has one. */
  readonly run: StartArrival;
  /** Its place, where it is one of a list. */
  readonly place?: number;
};

/**
 * The starts as they are accepted: with a version, and with inputs that fit. Throws `agent-unknown` or
 * `invalid-input` for the first that is not.
 */
export async function fittingStarts(
  known: KnownAgents,
  asked: readonly AskedStart[],
): Promise<readonly StartArrival[]> {
  if (asked.every(({ agent }) => agent.version !== null && agent.schemas.input === null)) {
    return asked.map(({ run }) => run);
  }
  const runs: StartArrival[] = [];
  for (const { agent, run, ...among } of asked) {
    const { version, schemas } = agent.version === null ? await known.newest(agent.name) : agent;
    await checkInput({ agent: agent.name, ...among }, schemas, run.inputText);
    runs.push({ ...run, version });
  }
  return runs;
}

async function checkInput(
  of: { readonly agent: string; readonly place?: number },
  schemas: AgentSchemas,
  inputText: string,
): Promise<void> {
  if (schemas.input === null) return;
  const input = inputFromText(inputText);
  const check = await compileSchema(schemas.input, 'agents.input');
  const reason = input === undefined ? 'it is missing' : check(input, 'input');
  if (reason === null) return;
  const missing = [{ path: '', reason: 'is missing' }];
  const issues = input === undefined ? missing : check.issues(input);
  throw heddleError('invalid-input', { ...of, reason, issuesText: JSON.stringify(issues) });
}

/** Throws `invalid-event` when the event's type has a schema which the event's other fields do not fit. */
export async function checkEvent(
  known: KnownAgents,
  { agent, version }: { readonly agent: string; readonly version: string },
  { type, ...fields }: ChartEvent,
): Promise<void> {
  const schemas = await known.schemas(agent, version);
  if (schemas === null || !Object.hasOwn(schemas.events, type)) return;
  const check = await compileSchema(schemas.events[type] ?? null, `agents.events.${type}`);
  const reason = check(fields, 'event');
  if (reason === null) return;
  const issuesText = JSON.stringify(check.issues(fields));
  throw heddleError('invalid-event', { agent, type, reason, issuesText });
}
