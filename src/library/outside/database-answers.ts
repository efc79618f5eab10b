/** Whether the database answers a read, within a bound. */
import { endsWithin } from '../../runtime/host/within.ts';
import type { Heddle } from '../library.ts';

/** Everybody may ask: the database is asked once in so long, however many do. */
const freshMs = 500;

type Asked = { readonly answers: Promise<boolean>; readonly atMs: number };
const byRuntime = new WeakMap<object, Asked>();

export async function databaseAnswers(
  { runtime }: Pick<Heddle, 'runtime'>,
  msMax: number,
): Promise<boolean> {
  const nowMs = runtime.clock.nowMs();
  const before = byRuntime.get(runtime);
  if (before !== undefined && nowMs - before.atMs < freshMs) return before.answers;
  const answers = asked(runtime, msMax);
  byRuntime.set(runtime, { answers, atMs: nowMs });
  return answers;
}

async function asked(runtime: Heddle['runtime'], msMax: number): Promise<boolean> {
  const answered = runtime.store.hasBudgets().then(
    () => true,
    () => false,
  );
  return (await endsWithin(runtime.clock, answered, msMax)) && (await answered);
}
