/** The mark of a request on its effect, and what the effect came to when the request was made before. */
import type { Json } from '../../domain/json.ts';
import type { RequestAsked, Requested } from '../../store/requests/request-rows.ts';

/** `answer`: what the effect comes to, if it has. */
export function requested(request: RequestAsked | null, answer: Json): Requested {
  return request === null ? {} : { request: { ...request, answerText: JSON.stringify(answer) } };
}

/** What the first of two requests has come to, as it was kept by `requested`. */
export const before = <Result>({ answerText }: { readonly answerText: string }): Result =>
  JSON.parse(answerText) as Result;
