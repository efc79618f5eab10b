/** The end of the providers: what they hold is given back, and none of them can hold up a close. */
import { thrownText } from '../domain/thrown.ts';
import type { Provider } from '../providers/port.ts';
import type { Clock, Log } from './ports.ts';

/** Closing sockets takes no time; whoever needs longer is left to the end of the process. */
const closeMsMax = 5_000;

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
