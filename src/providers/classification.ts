/**
 * What a failed attempt means. One table, read from the top: the first row that fits decides. An
 * error's code says more than its type, and its type more than its status, so codes stand first. A
 * status alone would take a spent budget (429) for a busy minute. Some refusals have neither a code nor a
 * status of their own: Anthropic says with 400, as of any wrong request, that the credit is used up. Those
 * are known by how their text begins. Only a beginning counts, because an error may repeat what was asked.
 *
 * docs/errors.md shows the same table; a test compares the two row by row.
 */
import type { ProviderFaultKind } from './port.ts';

/**
 * Ways in which an attempt breaks without an answer that gives a reason:
 * - unreachable: no answer began (refused connection, DNS, TLS, cut before the first header).
 * - cut: an answer began and did not come to its end.
 * - idle: no byte came for too long.
 * - deadline: bytes came, but the answer was not complete at the deadline.
 * - unreadable: the bytes do not follow the protocol.
 * - context-overflow: the provider cut the prompt to fit.
 * - too-large: the answer is larger than heddle accepts.
 */
export type Breakage =
  'unreachable' | 'cut' | 'idle' | 'deadline' | 'unreadable' | 'context-overflow' | 'too-large';

/** All that is known of a failed attempt. An error inside a stream has no status of its own. */
export type SeenFault = {
  readonly status?: number | null;
  readonly type?: string | null;
  readonly code?: string | null;
  /** What the provider says, when it says it in the form of its own errors. */
  readonly text?: string | null;
  readonly breakage?: Breakage | null;
  /** The provider said how long to wait. */
  readonly asksToWait?: boolean;
};

/** A row fits if each list that it has contains the value that was seen. */
export type FaultRow = {
  readonly codes?: readonly string[];
  readonly types?: readonly string[];
  /** Single statuses, or ranges `[from, to]`. */
  readonly statuses?: readonly (number | readonly [from: number, to: number])[];
  /** How the provider's text begins; upper and lower case are one. */
  readonly texts?: readonly string[];
  readonly breakages?: readonly Breakage[];
  readonly asksToWait?: true;
  readonly kind: ProviderFaultKind;
  /** The prompt does not fit the model's context. */
  readonly isContextFull?: true;
  readonly why: string;
};

export const faultTable: readonly FaultRow[] = [
  {
    codes: [
      'enforced_spend_limit_reached',
      'contract_spend_limit_reached',
      'linked_organization_spend_limit_reached',
      'linked_organization_billing_unavailable',
    ],
    kind: 'refused',
    why: 'the budget is spent, whatever the status (429 mostly); waiting does not help',
  },
  {
    codes: [
      'insufficient_quota',
      'credit_balance_exhausted',
      'organization_spend_limit_exceeded',
      'project_spend_limit_exceeded',
      'organization_usage_limit_exceeded',
    ],
    kind: 'refused',
    why: 'the same of a chat completions API, whose 429 looks like any other',
  },
  {
    codes: ['organization_on_hold', 'cmek_key_disabled', 'cmek_key_network_blocked'],
    kind: 'refused',
    why: 'the account is held or its encryption key is off, though the status is 400',
  },
  {
    texts: [
      'your credit balance is too low',
      'you have reached your specified api usage limits',
      'this organization has been disabled',
      'your organization has been disabled',
    ],
    kind: 'refused',
    why: 'credit, limit or account, said with 400 and no code; a person mends it',
  },
  {
    texts: [
      "you've reached your usage limit",
      "you've reached your hourly usage limit",
      "you've reached your weekly usage limit",
    ],
    kind: 'refused',
    why: 'the plan of an Ollama in the cloud is used up, said with 429',
  },
  {
    codes: ['ramp_limit_exceeded', 'slow_down'],
    kind: 'rate-limited',
    why: 'usage grows too fast; it says how long to wait',
  },
  {
    codes: ['rate_limit_exceeded', 'server_is_overloaded'],
    kind: 'rate-limited',
    why: 'our quota, or all are busy, whatever the status; in a stream too',
  },
  {
    codes: ['context_length_exceeded'],
    kind: 'caller',
    isContextFull: true,
    why: 'the prompt does not fit the context',
  },
  {
    texts: [
      'prompt is too long',
      'input length and `max_tokens` exceed context limit',
      'input is too long',
      'the input length exceeds the context length',
      "this model's maximum context length is",
      'the request exceeds the available context size',
    ],
    kind: 'caller',
    isContextFull: true,
    why: 'the same, said without a code',
  },
  {
    types: ['insufficient_quota'],
    kind: 'refused',
    why: 'the quota is used up, whatever the status',
  },
  {
    types: ['overloaded_error', 'rate_limit_error', 'busy'],
    kind: 'rate-limited',
    why: 'busy, in a stream too; `busy` is the full queue of Ollama (503)',
  },
  {
    types: ['authentication_error', 'permission_error', 'billing_error'],
    kind: 'refused',
    why: 'key, right or bill; in a stream too',
  },
  { statuses: [401, 402, 403, 407], kind: 'refused', why: 'key, bill or right' },
  { statuses: [429, 529], kind: 'rate-limited', why: 'our quota, or all are busy' },
  {
    statuses: [503],
    asksToWait: true,
    kind: 'rate-limited',
    why: 'backpressure: who is down names no time',
  },
  { statuses: [408, 409], kind: 'retry-once', why: 'may differ next time' },
  { statuses: [[400, 499]], kind: 'caller', why: 'the next attempt would get the same answer' },
  { statuses: [[500, 599]], kind: 'outage', why: 'theirs' },
  { statuses: [[300, 399]], kind: 'outage', why: 'not the API; a key is never sent on' },
  { types: ['conflict_error'], kind: 'retry-once', why: 'in a stream: as 409' },
  {
    types: ['invalid_request_error', 'not_found_error', 'request_too_large'],
    kind: 'caller',
    why: 'in a stream: as 400, 404, 413',
  },
  {
    breakages: ['context-overflow'],
    kind: 'caller',
    isContextFull: true,
    why: 'the prompt does not fit; it was cut in silence',
  },
  { breakages: ['too-large'], kind: 'caller', why: 'the next answer would be as large' },
  {
    breakages: ['unreachable', 'cut', 'idle', 'deadline', 'unreadable'],
    kind: 'outage',
    why: 'no complete answer: a part of one is never a result',
  },
  { kind: 'outage', why: 'all else, such as `api_error` or no type in a stream' },
];

export function classify(seen: SeenFault): ProviderFaultKind {
  return rowOf(seen).kind;
}

/** The row that decides. */
export function rowOf(seen: SeenFault): FaultRow {
  const row = faultTable.find((candidate) => fits(candidate, seen));
  if (row === undefined) throw new TypeError('the last row fits everything');
  return row;
}

function fits(row: FaultRow, seen: SeenFault): boolean {
  const { status = null, type = null, code = null, text = null, breakage = null } = seen;
  if (row.codes !== undefined && (code === null || !row.codes.includes(code))) return false;
  if (row.types !== undefined && (type === null || !row.types.includes(type))) return false;
  if (row.statuses !== undefined && (status === null || !hasStatus(row.statuses, status))) {
    return false;
  }
  if (row.texts !== undefined && (text === null || !begins(text, row.texts))) return false;
  if (row.breakages !== undefined && (breakage === null || !row.breakages.includes(breakage))) {
    return false;
  }
  return row.asksToWait === undefined || seen.asksToWait === true;
}

function begins(text: string, beginnings: readonly string[]): boolean {
  const said = text.slice(0, 200).trimStart().replaceAll('’', "'").toLowerCase();
  return beginnings.some((beginning) => said.startsWith(beginning));
}

function hasStatus(statuses: NonNullable<FaultRow['statuses']>, status: number): boolean {
  return statuses.some((one) =>
    typeof one === 'number' ? one === status : one[0] <= status && status <= one[1],
  );
}
