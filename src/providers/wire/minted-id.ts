/** Ids of tool calls that come without one. */
import { createHash } from 'node:crypto';

/**
 * The same for every attempt at one call, so that what a chart has done for a tool call can be found again.
 * It uses only characters that every provider accepts in a history.
 */
export function mintedId(idempotencyKey: string, position: number): string {
  const hash = createHash('sha256').update(idempotencyKey).digest('hex').slice(0, 20);
  return `tool_${hash}_${position}`;
}
