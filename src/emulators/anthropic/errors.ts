/**
 * The error replies of Anthropic: the status, the type and, for some of them, the code that gives
 * the cause.
 */
import type { ErrorName } from '../script.ts';

type AnthropicError = {
  readonly status: number;
  readonly type: string;
  readonly message: string;
  readonly code?: string;
  /** True when waiting helps; `retry-after` is then sent. */
  readonly waits?: true;
};

export const anthropicErrors: Readonly<Record<ErrorName | 'busy', AnthropicError>> = {
  'invalid-request': {
    status: 400,
    type: 'invalid_request_error',
    message: 'There was an issue with the format or content of your request.',
  },
  authentication: { status: 401, type: 'authentication_error', message: 'invalid x-api-key' },
  billing: {
    status: 402,
    type: 'billing_error',
    message: 'Your credit balance is too low to access the API.',
  },
  // These have the status and the type of any wrong request: the text or the code tells.
  'credit-balance': {
    status: 400,
    type: 'invalid_request_error',
    message:
      'Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or purchase credits.',
  },
  'usage-limits': {
    status: 400,
    type: 'invalid_request_error',
    message:
      'You have reached your specified API usage limits. You will regain access on 2026-04-01 at 00:00 UTC.',
  },
  'organization-disabled': {
    status: 400,
    type: 'invalid_request_error',
    message: 'This organization has been disabled.',
  },
  'organization-on-hold': {
    status: 400,
    type: 'invalid_request_error',
    message: 'Your organization is on hold.',
    code: 'organization_on_hold',
  },
  'context-full': {
    status: 400,
    type: 'invalid_request_error',
    message: 'prompt is too long: 218831 tokens > 200000 maximum',
  },
  // A refusal over spend is a 429 like any other; only its code shows that waiting does not help.
  'spend-limit': {
    status: 429,
    type: 'rate_limit_error',
    message: 'Your organization has crossed the monthly usage threshold of its tier.',
    code: 'enforced_spend_limit_reached',
  },
  'contract-spend-limit': {
    status: 429,
    type: 'rate_limit_error',
    message: 'Your organization has reached the spend limit of its contract.',
    code: 'contract_spend_limit_reached',
  },
  'ramp-limit': {
    status: 429,
    type: 'rate_limit_error',
    message: 'This request would exceed the limit on how fast your usage can grow.',
    code: 'ramp_limit_exceeded',
    waits: true,
  },
  permission: {
    status: 403,
    type: 'permission_error',
    message: 'Your API key does not have permission to use the specified resource.',
  },
  'not-found': {
    status: 404,
    type: 'not_found_error',
    message: 'The requested resource could not be found.',
  },
  'too-large': {
    status: 413,
    // The SDK's list of types has no entry for this error: the SDK recognises it by the status.
    type: 'request_too_large',
    message: 'Request exceeds the maximum size',
  },
  'rate-limited': {
    status: 429,
    type: 'rate_limit_error',
    message: 'Number of concurrent requests has exceeded your rate limit. Please try again later.',
    waits: true,
  },
  'server-error': { status: 500, type: 'api_error', message: 'Internal server error' },
  unavailable: { status: 503, type: 'api_error', message: 'Service unavailable' },
  timeout: { status: 504, type: 'timeout_error', message: 'The request timed out.' },
  overloaded: { status: 529, type: 'overloaded_error', message: 'Overloaded', waits: true },
  busy: { status: 529, type: 'overloaded_error', message: 'Overloaded', waits: true },
};
