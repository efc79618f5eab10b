/** Requests that carry an idempotency key, as arrivals and calls of the store carry them: see request-port.ts. */

/** A request with an idempotency key, and what it is. `hash` is of all that was asked. */
export type RequestAsked = {
  readonly key: string;
  readonly route: string;
  readonly hash: string;
};
/** One try at a request: of several that claim it one after the other, the last holds it. */
export type ClaimAsked = RequestAsked & { readonly holder: string };
/** Which request's parts are asked for, and how many at most. */
export type PartsAsked = RequestAsked & { readonly limit: number };
/** The request of which a part of a batch is the effect. `answerText`: what the effect comes to, as JSON. */
export type RequestMark = RequestAsked & { readonly answerText: string };

/** Set on an arrival that is the effect of such a request. */
export type Requested = { readonly request?: RequestMark };

/**
 * One of several effects of a claimed request: `name` tells it from the others. Its key is none that a caller can give,
 * because theirs have no space.
 */
export const partOf = (request: RequestAsked, name: string): RequestAsked => ({
  ...request,
  key: `${request.key} ${name}`,
});
