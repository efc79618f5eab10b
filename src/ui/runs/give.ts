/** Gives a command to many runs, and says how many have it. What was done before something failed stays done, and is told. */
import type { BulkCommand, Client, OpenRunsFilter } from '../../client/index.ts';

/** Commands to runs one by one: so many at once. */
const atOnce = 8;

export type Outcome = { readonly done: number; readonly failed: readonly string[] };

const said = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** As many requests as it takes; each says how many are left. When the first is refused it throws: nothing was done. */
export async function toAll(
  on: Client,
  command: BulkCommand,
  { filter, runs }: { readonly filter: OpenRunsFilter; readonly runs: number },
): Promise<Outcome> {
  let done = 0;
  for (let cursor = '', matches = runs; ;) {
    try {
      const came = await on.runs.command(command, filter, {
        matches,
        ...(cursor === '' ? {} : { cursor }),
      });
      done += came.done;
      if (came.cursor === '' || came.left === 0) return { done, failed: [] };
      ({ cursor, left: matches } = came);
    } catch (error) {
      if (cursor === '') throw error;
      return { done, failed: [said(error)] };
    }
  }
}

export async function toEach(
  on: Client,
  command: BulkCommand,
  ids: Iterable<string>,
): Promise<Outcome> {
  const failed: string[] = [];
  let done = 0;
  const left = [...ids];
  const work = async (): Promise<void> => {
    for (let id = left.pop(); id !== undefined; id = left.pop()) {
      try {
        await on.runs[command](id);
        done += 1;
      } catch (error) {
        failed.push(said(error));
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return { done, failed };
}
