/**
 * The steps of a close: parts in their order, the slots that are given back, the providers. A step that
 * fails does not stop the next.
 */
import type { Batch, SlotWrite } from '../store/batch.ts';
import { makeBatch, type Committing } from '../store/make-batch.ts';
import type { Provider } from '../providers/port.ts';
import type { Store } from '../store/port.ts';
import type { CommitRight } from './batch/commit-right.ts';
import { thrownText } from '../domain/thrown.ts';
import type { Clock, Log } from './ports.ts';

/** Closes parts in their order. A part that fails is logged, and the next is closed all the same. */
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

/** Gives back the slots of a replica that closes, in a commit with nothing else. */
export async function writeLastSlots(
  of: Committing & {
    readonly store: Pick<Store, 'commit'>;
    readonly log: Log;
    readonly commitRight: CommitRight;
  },
  { slots, attempts }: { slots: readonly SlotWrite[]; attempts: Batch['attempts'] },
): Promise<void> {
  if (slots.length === 0) return;
  const { commitRight, log, store } = of;
  const batch = makeBatch(of, { slots, attempts });
  try {
    await commitRight.answered(() => store.commit(batch));
  } catch (error) {
    // The next owner of the shards finds these slots, as after a crash.
    log.warn('slots not given back', { error: thrownText(error) });
  }
}

/**
 * Closing sockets takes no time; a provider that needs longer than this is left to the end of the
 * process.
 */
const closeMsMax = 5_000;

/** Closes all providers at once; each gives back what it holds. */
export async function closeProviders(
  providers: readonly Provider[],
  { clock, log }: { readonly clock: Clock; readonly log: Log },
): Promise<void> {
  const closing = providers.map(async (provider) => {
    const { name } = provider;
    const warn = (reason: string): void => log.warn('a provider did not close', { name, reason });
    let cancel = (): void => undefined;
    const tooLate = new Promise<void>((resolve) => {
      cancel = clock.setTimer(closeMsMax, () => {
        warn(`not within ${closeMsMax} ms`);
        resolve();
      });
    });
    try {
      await Promise.race([provider.close?.(), tooLate]);
    } catch (error) {
      warn(thrownText(error));
    } finally {
      cancel();
    }
  });
  await Promise.all(closing);
}
