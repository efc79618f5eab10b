/** How Ollama says no: a status and a sentence. Spend and quota are those of its cloud models. */
import type { ErrorName } from '../script.ts';

type OllamaError = {
  readonly status: number;
  readonly message: string;
  /** Whether waiting helps, so that `retry-after` is sent if the script names a time. */
  readonly waits?: true;
};

const spent = { status: 429, message: "you've reached your usage limit, upgrade to continue" };
const limited = { status: 429, message: 'too many concurrent requests', waits: true } as const;

export const ollamaErrors: Readonly<Record<ErrorName | 'busy', OllamaError>> = {
  'invalid-request': { status: 400, message: 'invalid request' },
  authentication: { status: 401, message: 'unauthorized' },
  billing: { status: 402, message: 'payment required' },
  'spend-limit': spent,
  'contract-spend-limit': spent,
  'ramp-limit': limited,
  permission: { status: 403, message: 'this model requires a subscription' },
  'not-found': { status: 404, message: 'model not found' },
  'too-large': { status: 413, message: 'http: request body too large' },
  'rate-limited': limited,
  'server-error': { status: 500, message: 'llama runner process has terminated: exit status 2' },
  unavailable: { status: 503, message: 'service unavailable' },
  timeout: { status: 504, message: 'timed out waiting for llama runner to start' },
  overloaded: { status: 503, message: 'server overloaded, please retry shortly', waits: true },
  busy: {
    status: 503,
    // Two spaces, as its source has them.
    message: 'server busy, please try again.  maximum pending requests exceeded',
    waits: true,
  },
};
