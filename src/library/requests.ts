/**
 * Requests of callers, checked by field and turned into rows (promise 11). Every surface (library,
 * command line, HTTP) uses these checks, so all refuse the same things in the same words.
 */
import { tenantIn } from '../access/scopes.ts';
import { asObject, asOneOf, asText, asWhole, refuseField } from '../domain/field.ts';
import { asRunId, checkName, shardOf, type RunId } from '../domain/ids.ts';
import { toJson, type Json, type JsonObject } from '../domain/json.ts';
import { asOptions } from '../domain/options.ts';
import { defaultPriority, priorities, type Priority } from '../domain/priority.ts';
import { inputToText } from '../domain/input-text.ts';
import { limits } from '../domain/limits.ts';
import { asTags } from './listing/tags.ts';
import type { OneTenant, TenantScope } from '../domain/scope.ts';
import type { ChartEvent } from '../domain/event.ts';
import type { MemoryScope } from '../domain/catalogue.ts';
import { isReservedType, reservedReason } from '../kernel/chart-event.ts';
import type { MessageInsert } from '../store/batch.ts';
import type { MemoryAddress, Once, StartArrival } from '../store/rows.ts';

const defaultUser = 'default';

/** How a run is started, if its agent's chart is not known. */
export type StartRequest = {
  /** The run's input: any JSON. */
  readonly input?: unknown;
  /** The run's tenant. Tenants see nothing of each other. Default `default`. */
  readonly tenant?: string;
  /**
   * The user for whom the run works: the owner of memory in user scope, of budgets and of fair shares.
   * Default `default`.
   */
  readonly user?: string;
  /** Runs of one pipeline live on one replica and are finished before younger ones are begun. */
  readonly pipeline?: string;
  /**
   * A second start with the same key, in the same tenant, gives the first run. It must name the same
   * agent and input.
   */
  readonly idempotencyKey?: string;
  /**
   * The run's class. Higher classes go first, and lower ones keep a floor. Child runs inherit it.
   * Default `normal`.
   */
  readonly priority?: Priority;
  /** Words by which people find the run again: 16 at most, each of 1 to 64 characters without a comma. */
  readonly tags?: readonly string[];
};

const requestKeys = [
  'input',
  'tenant',
  'user',
  'pipeline',
  'idempotencyKey',
  'priority',
  'tags',
] as const;
export const startKeys = [...requestKeys, 'agent'] as const;

/** The options of one start among several. */
export function startOf<Start extends { readonly agent?: unknown } & StartRequest>(
  given: Start,
  field: string,
): Start {
  return asOptions<{ readonly agent?: unknown } & StartRequest>(given, field, startKeys) as Start;
}

/** `agent.version` null: it is found before the run is accepted. */
export function newRun(
  agent: { readonly name: string; readonly version: string | null },
  runId: RunId,
  { given, field = 'start' }: { readonly given: StartRequest; readonly field?: string },
  scope: TenantScope,
): StartArrival {
  const request = asOptions(given, field, requestKeys);
  const pipeline = name(request.pipeline, `${field}.pipeline`, runId);
  const key = request.idempotencyKey ?? null;
  const idempotencyKey = key === null ? null : checkName(key, `${field}.idempotencyKey`);
  const input = toJson(request.input, `${field}.input`);
  const tags = request.tags === undefined ? [] : asTags(request.tags, `${field}.tags`);
  return {
    tenant: tenantIn(scope, request.tenant, `${field}.tenant`).tenant,
    runId,
    shard: shardOf(pipeline),
    agent: agent.name,
    version: agent.version ?? '',
    user: name(request.user, `${field}.user`, defaultUser),
    pipeline,
    parent: null,
    inputText: inputToText(input),
    idempotencyKey,
    priority: asOneOf(request.priority, `${field}.priority`, priorities, defaultPriority),
    ...(tags.length === 0 ? {} : { tags }),
    ...(idempotencyKey === null ? {} : { startText: startText(agent, input) }),
  };
}

/** The text that an idempotency key stands for: agent and input. An absent input differs from null. */
function startText({ name }: { readonly name: string }, input: Json | undefined): string {
  return canonicalJson(input === undefined ? [name] : [name, input]);
}

/** How a message is published from outside. */
export type PublishRequest = {
  /** The tenant. Default `default`. */
  readonly tenant?: string;
  /** How long the message is kept from its channel, in ms. Default 0. */
  readonly delayMs?: number;
};

export function newMessage(
  message: { readonly channel: string; readonly payload: unknown; readonly messageId: string },
  given: PublishRequest,
  scope: TenantScope,
): MessageInsert {
  const { channel, payload, messageId } = message;
  const request = asOptions(given, 'publish', ['tenant', 'delayMs']);
  const checked = checkName(channel, 'publish.channel');
  return {
    tenant: tenantIn(scope, request.tenant, 'publish.tenant').tenant,
    channel: checked,
    messageId,
    payloadText: JSON.stringify(toJson(payload, 'publish.payload') ?? null),
    delayMs: asWhole(request.delayMs, 'publish.delayMs', {
      min: 0,
      max: limits.delayMsMax,
      fallback: 0,
    }),
    runId: null,
    shard: shardOf(checked),
  };
}

/** Whose memory is meant: a scope, and its owner by name. */
export type MemoryOwner = {
  /** Decides which of the owners below is meant. */
  readonly scope: MemoryScope;
  /** The tenant. Default `default`. */
  readonly tenant?: string;
  /** The user, in user scope. Default `default`. */
  readonly user?: string;
  /** The agent's name, in agent scope. */
  readonly agent?: string;
  /** The run's id, in run scope. */
  readonly runId?: string;
};

/** An entry's address, and the tenant within which it was found. */
export type OwnedEntry = { readonly within: OneTenant; readonly address: MemoryAddress };

export function memoryAddress(given: MemoryOwner, key: string, within: TenantScope): OwnedEntry {
  const owner = asOptions(given, 'memory', ['scope', 'tenant', 'user', 'agent', 'runId']);
  const one = tenantIn(within, owner.tenant, 'memory.tenant');
  const { tenant } = one;
  const address = {
    tenant,
    scope: owner.scope,
    owner: ownerName(owner, tenant),
    key: checkName(key, 'memory.key'),
  };
  return { within: one, address };
}

function ownerName(owner: MemoryOwner, tenant: string): string {
  switch (owner.scope) {
    case 'tenant':
      return tenant;
    case 'user':
      return name(owner.user, 'memory.user', defaultUser);
    case 'agent':
      return checkName(owner.agent, 'memory.agent');
    case 'run':
      return asRunId(owner.runId);
    default:
      return refuseField('memory.scope', 'must be one of run, agent, user, tenant');
  }
}

/** How an event is sent. */
export type SendRequest = {
  /** A second send with the same key, to the same run, has no effect. */
  readonly idempotencyKey?: string;
};

/** An event for a run. `once` is set if it was given a key, and makes it count once. */
export function sentEvent(
  event: unknown,
  given: SendRequest,
): { readonly payload: ChartEvent; readonly once: Once | null } {
  const { idempotencyKey } = asOptions(given, 'send', ['idempotencyKey']);
  const payload = chartEvent(event);
  if (idempotencyKey === undefined) return { payload, once: null };
  const key = checkName(idempotencyKey, 'send.idempotencyKey');
  return { payload, once: { kind: 'event', key, eventText: canonicalJson(payload) } };
}

/** The checked reason for which a person cancels, pauses or resumes a run. */
export function reasonText(reason: unknown): Json {
  const text = asText(reason as Json, 'reason');
  if (text.length <= limits.reasonCharsMax) return text;
  return refuseField('reason', `is longer than ${limits.reasonCharsMax} characters`);
}

/** Refuses types that XState or the kernel make themselves: they may not be sent. */
function chartEvent(event: unknown): ChartEvent {
  const value = asObject(toJson(event, 'event'), 'event');
  const type = asText(value['type'], 'event.type');
  if (type === '' || type.length > limits.nameCharsMax) {
    refuseField('event.type', `must have 1 to ${limits.nameCharsMax} characters`);
  }
  if (isReservedType(type)) refuseField('event.type', reservedReason);
  return { ...value, type };
}

function name(text: string | undefined, field: string, fallback: string): string {
  return text === undefined ? fallback : checkName(text, field);
}

/** A text that is the same for all values that are equal as JSON, in whatever order their keys stand. */
export function canonicalJson(value: Json): string {
  return JSON.stringify(sorted(value));
}

function sorted(value: Json): Json {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(sorted);
  const object = value as JsonObject;
  return Object.fromEntries(
    Object.keys(object)
      .sort()
      .map((key) => [key, sorted(object[key] as Json)]),
  );
}

/** The result of `publish`. */
export type Published = {
  /** Names the message for ever. */
  readonly messageId: string;
};

/** Tells which run is meant. */
export type RunOptions<Agent = unknown> = {
  /** The tenant. Default `default`. */
  readonly tenant?: string;
  /** The run's agent, by name or chart. */
  readonly agent?: Agent;
};
