/** What the API refuses, as an error with the registry's code. */

/** The body of a refusal: RFC 9457, with a code of heddle's registry. */
export type Problem = {
  /** The code, such as `run-unknown`; docs/errors.md lists all of them. */
  readonly code: string;
  /** What is wrong, and what to do. */
  readonly detail: string;
  /** The HTTP status. */
  readonly status: number;
  /** True: the same request may pass later. */
  readonly retryable: boolean;
  /** The fields that are wrong. */
  readonly errors?: readonly {
    /** The field. */
    readonly field: string;
    /** The reason, in words. */
    readonly reason: string;
  }[];
};

/** A request that the API has refused, or that did not reach it (`code` is `unreachable` then). */
export class HeddleRequestError extends Error {
  /** The class's name. */
  override readonly name = 'HeddleRequestError';
  /**
   * The registry's code; `unreachable` when no answer came, `no-heddle` when the answer was not heddle's, `no-stream`
   * when `fetch` gives no body that can be read while it comes.
   */
  readonly code: string;
  /** The HTTP status; 0 when no answer came. */
  readonly status: number;
  /** True: the same request may pass later. */
  readonly retryable: boolean;
  /** The fields that are wrong. */
  readonly errors: readonly {
    /** The field. */
    readonly field: string;
    /** The reason, in words. */
    readonly reason: string;
  }[];

  constructor(problem: Problem, cause?: unknown) {
    super(problem.detail, cause === undefined ? undefined : { cause });
    this.code = problem.code;
    this.status = problem.status;
    this.retryable = problem.retryable;
    this.errors = problem.errors ?? [];
  }
}

/** A refusal's body, or what stands in for it when a proxy answered in heddle's place. */
export function problemOf(status: number, text: string): Problem {
  try {
    const body = JSON.parse(text) as Partial<Problem> | null;
    if (typeof body?.code === 'string' && typeof body.detail === 'string') {
      return {
        ...body,
        code: body.code,
        detail: body.detail,
        status,
        // A 503 is of one server, which may be about to close: another one, or the next, may answer.
        retryable: body.retryable === true || status === 503,
      };
    }
  } catch {
    // Not JSON: told below.
  }
  const said = text.length > 200 ? `${text.slice(0, 200)}…` : text;
  const detail = `HTTP ${status}, and the answer is not heddle's: ${said || 'it is empty'}`;
  return {
    code: 'no-heddle',
    detail,
    status,
    retryable: status === 502 || status === 503 || status === 504,
  };
}
