/** The error replies of chat completions: the status, the type and, for most of them, the code. */
import type { ErrorName } from '../script.ts';

type ChatError = {
  readonly status: number;
  readonly type: string;
  readonly message: string;
  /** OpenRouter's is the number of the status. */
  readonly code: string | number | null;
  /** True when waiting helps; `retry-after` is then sent. */
  readonly waits?: true;
};

const invalid = 'invalid_request_error';
/** A refusal over spend is a 429 like any other; only type and code show that waiting does not help. */
const spent = (code: string): ChatError => ({
  status: 429,
  type: 'insufficient_quota',
  code,
  message: 'You exceeded your current quota, please check your plan and billing details.',
});
const overloaded: ChatError = {
  status: 503,
  type: 'service_unavailable_error',
  code: 'server_is_overloaded',
  message: 'Our servers are currently overloaded. Please try again later.',
  waits: true,
};

export const chatErrors: Readonly<Record<ErrorName | 'busy', ChatError>> = {
  'invalid-request': { status: 400, type: invalid, code: null, message: 'Invalid request.' },
  authentication: {
    status: 401,
    type: invalid,
    code: 'invalid_api_key',
    message: 'Incorrect API key provided.',
  },
  // As OpenRouter says it.
  billing: { status: 402, type: 'payment_required', code: 402, message: 'Insufficient credits.' },
  'credit-balance': spent('credit_balance_exhausted'),
  'usage-limits': spent('organization_usage_limit_exceeded'),
  'organization-disabled': {
    status: 401,
    type: invalid,
    code: 'account_deactivated',
    message: 'This key is associated with a deactivated account.',
  },
  'organization-on-hold': {
    status: 403,
    type: invalid,
    code: 'organization_on_hold',
    message: 'Your organization is on hold.',
  },
  'context-full': {
    status: 400,
    type: invalid,
    code: 'context_length_exceeded',
    message: "This model's maximum context length is 8192 tokens. Please reduce the messages.",
  },
  'spend-limit': spent('project_spend_limit_exceeded'),
  'contract-spend-limit': spent('insufficient_quota'),
  'ramp-limit': {
    status: 429,
    type: 'requests',
    code: 'slow_down',
    message: 'Please reduce the rate of your requests, and raise it slowly.',
    waits: true,
  },
  permission: {
    status: 403,
    type: invalid,
    code: null,
    message: 'You are not allowed to sample from this model.',
  },
  'not-found': {
    status: 404,
    type: invalid,
    code: 'model_not_found',
    message: 'The model does not exist or you do not have access to it.',
  },
  'too-large': { status: 413, type: invalid, code: null, message: 'Request is too large.' },
  'rate-limited': {
    status: 429,
    type: 'requests',
    code: 'rate_limit_exceeded',
    message: 'Rate limit reached for requests. Please try again later.',
    waits: true,
  },
  'server-error': {
    status: 500,
    type: 'server_error',
    code: null,
    message: 'The server had an error while processing your request.',
  },
  unavailable: { status: 503, type: 'server_error', code: null, message: 'Service unavailable.' },
  timeout: { status: 504, type: 'server_error', code: null, message: 'The request timed out.' },
  overloaded,
  busy: overloaded,
};
