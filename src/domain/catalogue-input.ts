/**
 * Checks the inputs that charts give to the catalogue's actors, by field, before an actor uses them
 * (promise 11). Each function takes the invocation's JSON input and returns the resolved form, with
 * every default filled in.
 */
import type { MemoryScope } from './catalogue.ts';
import { asBoolean, asObject, asOneOf, asText, asWhole, onlyKeys, refuseField } from './field.ts';
import { asRunId, checkName, type RunId } from './ids.ts';
import type { Json } from './json.ts';
import { limits } from './limits.ts';

const delay = { min: 0, max: limits.delayMsMax };

export type ResolvedReceive = {
  readonly channels: readonly string[];
  readonly until: 'any' | 'all' | 'at-least';
  /** The receive waits until there are this many messages: in all; for `all`, on each channel. */
  readonly needed: number;
  /** Messages to take at most: in all, and for `all` of each channel. */
  readonly max: number;
  readonly group: string | null;
  readonly from: 'earliest' | 'latest';
  readonly timeoutMs: number | null;
};

export function checkReceive(input: Json): ResolvedReceive {
  const value = asObject(input, 'receive');
  onlyKeys(value, 'receive', ['channel', 'channels', 'until', 'max', 'group', 'from', 'timeoutMs']);
  const channels = receiveChannels(value['channel'], value['channels']);
  const { until, needed } = receiveUntil(value['until']);
  const messagesMax = limits.receiveMessagesMax;
  return {
    channels,
    until,
    needed,
    max: asWhole(value['max'], 'receive.max', {
      min: needed,
      max: until === 'all' ? Math.floor(messagesMax / channels.length) : messagesMax,
      fallback: needed,
    }),
    group:
      value['group'] === undefined || value['group'] === null
        ? null
        : checkName(value['group'], 'receive.group'),
    from: asOneOf(value['from'], 'receive.from', ['earliest', 'latest'], 'earliest'),
    timeoutMs: asWhole(value['timeoutMs'], 'receive.timeoutMs', { ...delay, fallback: null }),
  };
}

function receiveChannels(one: Json | undefined, several: Json | undefined): readonly string[] {
  if ((one === undefined) === (several === undefined)) {
    refuseField('receive.channel', 'or receive.channels must be given, and not both');
  }
  if (one !== undefined) return [checkName(one, 'receive.channel')];
  if (!Array.isArray(several) || several.length === 0) {
    refuseField('receive.channels', 'must be a list that is not empty');
  }
  if (several.length > limits.receiveChannelsMax) {
    refuseField('receive.channels', `names more than ${limits.receiveChannelsMax} channels`);
  }
  const names = several.map((name: Json, i) => checkName(name, `receive.channels[${i}]`));
  if (new Set(names).size < names.length) refuseField('receive.channels', 'names a channel twice');
  return names;
}

function receiveUntil(until: Json | undefined): {
  until: ResolvedReceive['until'];
  needed: number;
} {
  if (until === undefined || until === null || until === 'any') return { until: 'any', needed: 1 };
  if (until === 'all') return { until: 'all', needed: 1 };
  const value = asObject(until, 'receive.until');
  onlyKeys(value, 'receive.until', ['atLeast']);
  const needed = asWhole(value['atLeast'], 'receive.until.atLeast', {
    min: 1,
    max: limits.receiveMessagesMax,
    fallback: 1,
  });
  return { until: 'at-least', needed };
}

export type ResolvedPublish = {
  readonly channel: string;
  readonly payload: Json;
  readonly delayMs: number;
};

export function checkPublish(input: Json): ResolvedPublish {
  const value = asObject(input, 'publish');
  onlyKeys(value, 'publish', ['channel', 'payload', 'delayMs']);
  return {
    channel: checkName(value['channel'], 'publish.channel'),
    payload: value['payload'] ?? null,
    delayMs: asWhole(value['delayMs'], 'publish.delayMs', { ...delay, fallback: 0 }),
  };
}

const scopes: readonly MemoryScope[] = ['run', 'agent', 'user', 'tenant'];
const version = { min: 0, max: Number.MAX_SAFE_INTEGER, fallback: null };

export type ResolvedWrite = {
  readonly scope: MemoryScope;
  readonly key: string;
  readonly value: Json;
  readonly expectedVersion: number | null;
  readonly mode: 'replace' | 'merge' | 'forget';
};

export function checkRemember(input: Json): ResolvedWrite {
  const value = asObject(input, 'remember');
  onlyKeys(value, 'remember', ['scope', 'key', 'value', 'expectedVersion', 'merge']);
  if (value['value'] === undefined) refuseField('remember.value', 'must be given');
  return {
    scope: asOneOf(value['scope'], 'remember.scope', scopes),
    key: checkName(value['key'], 'remember.key'),
    value: value['value'],
    expectedVersion: asWhole(value['expectedVersion'], 'remember.expectedVersion', version),
    mode: asBoolean(value['merge'], 'remember.merge', false) ? 'merge' : 'replace',
  };
}

export function checkForget(input: Json): ResolvedWrite {
  const value = asObject(input, 'forget');
  onlyKeys(value, 'forget', ['scope', 'key', 'expectedVersion']);
  return {
    scope: asOneOf(value['scope'], 'forget.scope', scopes),
    key: checkName(value['key'], 'forget.key'),
    value: null,
    expectedVersion: asWhole(value['expectedVersion'], 'forget.expectedVersion', version),
    mode: 'forget',
  };
}

export type ResolvedRecall = {
  readonly scope: MemoryScope;
  readonly key: string;
  readonly version: number | null;
  readonly history: number;
};

export function checkRecall(input: Json): ResolvedRecall {
  const value = asObject(input, 'recall');
  onlyKeys(value, 'recall', ['scope', 'key', 'version', 'history']);
  return {
    scope: asOneOf(value['scope'], 'recall.scope', scopes),
    key: checkName(value['key'], 'recall.key'),
    version: asWhole(value['version'], 'recall.version', { ...version, min: 1 }),
    history: asWhole(value['history'], 'recall.history', { min: 0, max: 1_000, fallback: 0 }),
  };
}

export type ResolvedEvaluate = {
  readonly runId: RunId;
  readonly score: number;
  readonly rationale: string;
};

export function checkEvaluate(input: Json): ResolvedEvaluate {
  const value = asObject(input, 'evaluate');
  onlyKeys(value, 'evaluate', ['runId', 'score', 'rationale']);
  const score = value['score'];
  if (typeof score !== 'number' || !(score >= 0 && score <= 1)) {
    refuseField('evaluate.score', 'must be a number from 0 to 1');
  }
  return {
    runId: asRunId(asText(value['runId'], 'evaluate.runId')),
    score,
    rationale: asText(value['rationale'], 'evaluate.rationale'),
  };
}

export type ResolvedAsk = {
  readonly question: string;
  readonly schema: Json;
  readonly data: Json;
  readonly assignee: string | null;
  readonly timeoutMs: number | null;
};

export function checkAsk(input: Json): ResolvedAsk {
  const value = asObject(input, 'ask');
  onlyKeys(value, 'ask', ['question', 'schema', 'data', 'assignee', 'timeoutMs']);
  const schema = value['schema'] ?? null;
  if (schema !== null) asObject(schema, 'ask.schema');
  const assignee = value['assignee'] ?? null;
  return {
    question: asText(value['question'], 'ask.question'),
    schema,
    data: value['data'] ?? null,
    assignee: assignee === null ? null : checkName(assignee, 'ask.assignee'),
    timeoutMs: asWhole(value['timeoutMs'], 'ask.timeoutMs', { ...delay, fallback: null }),
  };
}
