/** The clock of `heddle/testing`, for tests that want to be told at once when something spins. */
import { VirtualClock } from '../../src/testing/time/virtual-clock.ts';

export class ManualClock extends VirtualClock {
  override async idle(): Promise<boolean> {
    if (await super.idle()) return true;
    throw new Error('still busy: something spins');
  }
}
