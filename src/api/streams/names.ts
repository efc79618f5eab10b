/** Names and ids as clients give them, in routes and in streams. What no store can hold is none. */
import { z } from 'zod';
import { isSafeText } from '../../domain/json.ts';
import { limits } from '../../domain/limits.ts';

export const name = z
  .string()
  .min(1)
  .max(limits.nameCharsMax)
  .refine(isSafeText, 'holds NUL or a lone surrogate');

export const runId = z
  .string()
  .regex(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/, 'is not a run’s id');
