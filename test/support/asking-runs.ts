/** Runs that ask a model, on a replica that keeps every result and whose commits are watched. */
import { memoryWorld, type Replica, type World } from './replica.ts';
import type { ScriptStep } from './script-agent.ts';
import { scriptedProvider, type ScriptedProvider } from './scripted-provider.ts';
import { watchedCommits, type WatchedCommits } from './watched-commits.ts';
import type { Run } from '../../src/index.ts';

/** Everything is kept, however quick and few. */
export const keepsAll = { afterMs: 0, directMax: 0 };
export const ask: ScriptStep = { do: 'generate', with: { prompt: 'why?' } };

export type AskingRuns = {
  readonly world: World;
  readonly replica: Replica;
  /** Of one more replica like this, whose commits nobody watches. */
  readonly options: Parameters<World['replica']>[0];
  readonly commits: WatchedCommits;
  readonly provider: ScriptedProvider;
  readonly runs: readonly Run[];
  /** What the runs were answered, as this replica tells it. */
  readonly texts: (by?: Replica) => Promise<unknown[]>;
};

export async function askingRuns(count: number, ceiling = 100): Promise<AskingRuns> {
  const commits = watchedCommits();
  const provider = scriptedProvider({ ceiling });
  const options = { providers: [provider], keeping: keepsAll };
  const world = memoryWorld();
  const replica = await world.replica({ ...options, between: commits.between });
  const one = { agent: 'script', input: { steps: [ask] } };
  const runs = await replica.heddle.startAll(Array.from({ length: count }, () => one));
  await world.clock.idle();
  commits.seen.length = 0;
  const texts = async (by: Replica = replica): Promise<unknown[]> => {
    const outputs: unknown[] = [];
    for (const { id } of runs) outputs.push(await (await by.heddle.run(id)).output());
    return outputs.map((steps) => (steps as { done?: { text: string } }[])[0]?.done?.text);
  };
  return { world, replica, options, commits, provider, runs, texts };
}
