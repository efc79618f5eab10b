/**
 * Asks for what was before this page watched: the drawn runs out of their journals and attempts, and what was counted every
 * 5 s. Its times are those of the database's clock; they are given as this machine's.
 */
import { createClient, HeddleRequestError } from '../../../../client/index.ts';
import type { Access } from '../../../shell/ask/asker.ts';
import { aheadBy, ofTenant, pastMs, shifted, type Past } from './past.ts';

const countMs = 5_000;

export async function readPast(access: Access, every: number, signal: AbortSignal): Promise<Past> {
  const { operator } = createClient({ ...access, retryMs: 0 });
  const askedMs = Date.now();
  const weave = await operator.weave({ spanMs: pastMs, every });
  const byMs = aheadBy(weave.atMs, { askedMs, answeredMs: Date.now() });
  const { tenant = 'default' } = access;
  const counts = await operator
    .activity({ from: Math.floor(weave.fromMs), to: Math.ceil(weave.atMs) + 1, step: countMs })
    .then(({ counts: all }) => all.flatMap((count) => ofTenant(count, tenant) ?? []))
    .catch((error: unknown) => {
      if (error instanceof HeddleRequestError) return null;
      throw error;
    });
  signal.throwIfAborted();
  return {
    weave: shifted(weave, byMs),
    counts: counts?.map((count) => ({ ...count, atMs: count.atMs + byMs })) ?? null,
  };
}
