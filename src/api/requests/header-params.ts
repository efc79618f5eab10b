/** The headers that a route takes, as parameters in the OpenAPI document. */
import type { Route } from '../route.ts';
import { keyCharsMax } from './idempotency.ts';

const keyParam = {
  type: 'string',
  minLength: 1,
  maxLength: keyCharsMax,
  description:
    'For a day a repeat with the same key has no second effect, and the same answer. Visible characters, in quotes or bare.',
};

/** A schema of an object, as Fastify takes headers. Null: it takes none. */
export function headerParams({ keyed, headers = {} }: Route): object | null {
  const own = Object.entries(headers).map(([name, description]) => {
    return [name, { type: 'string', description }] as const;
  });
  const all = keyed === 'no' ? own : [...own, ['Idempotency-Key', keyParam] as const];
  return all.length === 0 ? null : { type: 'object', properties: Object.fromEntries(all) };
}
