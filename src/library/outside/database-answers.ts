/** Whether the database answers a read, within a bound. */
import { endsWithin } from '../../runtime/host/within.ts';
import type { Heddle } from '../library.ts';

export async function databaseAnswers(
  { runtime }: Pick<Heddle, 'runtime'>,
  msMax: number,
): Promise<boolean> {
  const asked = runtime.store.hasBudgets().then(
    () => true,
    () => false,
  );
  return (await endsWithin(runtime.clock, asked, msMax)) && (await asked);
}
