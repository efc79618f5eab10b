/**
 * What is left of heddle's quota, as a provider reports it with its answers. This is a hint and may be
 * wrong, so it may slow calls down early and never lets a call through.
 */

/** Reads one header of an answer by its lower-case name; null if the header is missing. */
export type HeaderReader = (name: string) => string | null;

type RateLimit = {
  /** Requests or tokens that may still be used until the reset. */
  readonly remaining: number | null;
  readonly resetInMs: number | null;
};

const resources = ['requests', 'tokens', 'input-tokens', 'output-tokens'] as const;

export type RateLimits = Readonly<Partial<Record<(typeof resources)[number], RateLimit>>>;

/** From the `anthropic-ratelimit-*` headers; null if none of them can be read. */
export function readRateLimits(header: HeaderReader, nowMs: number): RateLimits | null {
  const found = resources.flatMap((resource) => {
    const prefix = `anthropic-ratelimit-${resource}`;
    const remaining = readCount(header(`${prefix}-remaining`));
    const resetInMs = readReset(header(`${prefix}-reset`), nowMs);
    if (remaining === null && resetInMs === null) return [];
    return [[resource, { remaining, resetInMs }] as const];
  });
  return found.length === 0 ? null : Object.fromEntries(found);
}

function readCount(text: string | null): number | null {
  return text !== null && /^\d{1,15}$/.test(text.trim()) ? Number(text) : null;
}

/** RFC 3339, such as 2026-11-24T12:00:00Z. A time in the past gives 0. */
function readReset(text: string | null, nowMs: number): number | null {
  if (text === null || !/^\d{4}-\d\d-\d\dT/.test(text.trim())) return null;
  const atMs = Date.parse(text.trim());
  return Number.isNaN(atMs) ? null : Math.max(0, atMs - nowMs);
}
