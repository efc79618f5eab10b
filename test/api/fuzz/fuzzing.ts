import fc from 'fast-check';
import { Fuzzed, wrongIn } from './fuzzed.ts';
import { oddRequest } from './odd-requests.ts';

export type FuzzFigures = {
  readonly answered: number;
  readonly accepted: number;
  readonly statuses: Readonly<Record<number, number>>;
};

/** Throws with the first request that did what none may, as small as it can be made. */
export async function fuzz(options: {
  readonly url: string;
  readonly databaseUrl: string;
  readonly requests: number;
  readonly seed: number;
}): Promise<FuzzFigures> {
  const fuzzed = new Fuzzed(options);
  const statuses: Record<number, number> = {};
  let before = await fuzzed.quietHash();
  let isQuiet = true;
  try {
    await fc.assert(
      fc.asyncProperty(oddRequest, async (sent) => {
        if (!isQuiet) before = await fuzzed.quietHash();
        const answer = await fuzzed.send(sent);
        // What was accepted, or left while it was answered, may go on.
        isQuiet = answer !== null && answer.status >= 400;
        if (answer === null) return;
        statuses[answer.status] = (statuses[answer.status] ?? 0) + 1;
        const after = await fuzzed.hash();
        const wrong = wrongIn(sent, answer, after !== before);
        before = after;
        if (wrong !== null) throw new Error(wrong);
      }),
      { numRuns: options.requests, seed: options.seed },
    );
  } finally {
    await fuzzed.close();
  }
  const counts = Object.entries(statuses);
  const sum = (fits: (status: number) => boolean): number =>
    counts.reduce((total, [status, n]) => total + (fits(Number(status)) ? n : 0), 0);
  return { answered: sum(() => true), accepted: sum((status) => status < 400), statuses };
}
