/** Requests that carry an idempotency key, as arrivals and calls of the store carry them: see request-port.ts. */

/** A request with an idempotency key, and what it is. `hash` is of all that was asked. */
export type RequestAsked = {
  readonly key: string;
  readonly route: string;
  readonly hash: string;
};
/** The request of which a part of a batch is the effect. `answerText`: what the effect comes to, as JSON. */
export type RequestMark = RequestAsked & { readonly answerText: string };

/** Set on an arrival that is the effect of such a request. */
export type Requested = { readonly request?: RequestMark };
