/** Closes parts in their order; one that fails is told of, and the next is closed all the same. */
import { thrownText } from '../domain/thrown.ts';
import type { Log } from './ports.ts';

export async function closeInTurn(
  log: Log,
  parts: readonly { close(): void | Promise<void> | undefined }[],
): Promise<void> {
  for (const part of parts) {
    try {
      await part.close();
    } catch (error) {
      log.warn('a part did not close', { error: thrownText(error) });
    }
  }
}
