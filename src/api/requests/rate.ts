/** How many requests of one caller this replica answers within a time. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { heddleError } from '../../domain/errors.ts';

export type RateBounds = {
  /** How many requests a token, or an address without one, may make within `windowMs`. */
  readonly max: number;
  readonly windowMs: number;
};

/** A burst of ten seconds of starts is let in. */
export const rateDefault: RateBounds = { max: 50_000, windowMs: 10_000 };

type Limited = {
  readonly limit: ReturnType<FastifyInstance['createRateLimit']>;
  readonly rate?: RateBounds | undefined;
};

/** Draft 11 of the RateLimit headers. The policy is called `replica`, because each replica counts for itself. */
export async function checkRate(
  { limit, rate = rateDefault }: Limited,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  const { windowMs } = rate;
  const state = await limit(request);
  if (state.isAllowed) return;
  const inSeconds = Math.max(1, state.ttlInSeconds);
  void reply.header(
    'ratelimit-policy',
    `"replica";q=${state.max};w=${Math.ceil(windowMs / 1_000)}`,
  );
  void reply.header('ratelimit', `"replica";r=${state.remaining};t=${inSeconds}`);
  if (!state.isExceeded) return;
  const detail = { max: state.max, windowMs, retryAfterMs: inSeconds * 1_000 };
  throw heddleError('rate-limited', detail);
}
