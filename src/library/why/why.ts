/**
 * Why a run is where it is: its status, what it waits for and since when, which runs stand in its way, and its
 * last error; as data, and in words for people. Any process can say it: it reads rows only.
 */
import type { ErrorRecord } from '../../domain/errors.ts';
import type { RunId } from '../../domain/ids.ts';
import type { RunRow } from '../../store/rows.ts';
import type { RunStatus } from '../../../machines/run.ts';
import { besideOf } from './beside.ts';
import { chainOf, goesOn, type Chain, type ChainReads, type Hop } from './chain.ts';
import { wordsOfAll } from './wait-words.ts';
import type { Wait } from './wait.ts';
import { waitsOf } from './waits-of.ts';

/** Why a run is where it is. */
export type Why = {
  /** The run. */
  readonly runId: RunId;
  /** Its agent's name. */
  readonly agent: string;
  /** The version with which it began. */
  readonly version: string;
  /** Its status. */
  readonly status: RunStatus;
  /** When its last turn was committed, or it was accepted: ms since 1970, by the database's clock. */
  readonly sinceMs: number;
  /** The whole, in a few sentences. */
  readonly words: string;
  /** Each thing for which it waits, with the end of that wait. Empty when it has ended. */
  readonly waits: readonly Wait[];
  /** Why phases and places of its calls are not known; null when they are. */
  readonly unknown: string | null;
  /** The runs that stand in its way, as far as they can be known. */
  readonly chain: Chain;
  /** The error with which it has ended; null for a run that has none. */
  readonly lastError: ErrorRecord | null;
};

export async function whyOf(reads: ChainReads, row: RunRow): Promise<Why> {
  const beside = await besideOf(reads, reads.scope, row);
  const waits = waitsOf(row, beside);
  const chain = await chainOf(reads, row, waits);
  const { runId, agent, version, status, error } = row;
  const unknown = beside.owner?.kind === 'unknown' ? beside.owner.why : null;
  return {
    runId,
    agent,
    version,
    status,
    sinceMs: await sinceOf(reads, row),
    words: whyWords(row, waits, { chain, unknown }),
    waits,
    unknown,
    chain,
    lastError: error,
  };
}

async function sinceOf(
  { store, scope }: ChainReads,
  { runId, turn, ...row }: RunRow,
): Promise<number> {
  if (row.endedAtMs !== null) return row.endedAtMs;
  if (turn === 0) return row.createdAtMs;
  const [last] = await store.journal(scope, { runId, afterTurn: turn - 1, limit: 1 });
  return last?.atMs ?? row.createdAtMs;
}

function whyWords(
  row: RunRow,
  waits: readonly Wait[],
  { chain, unknown }: Pick<Why, 'chain' | 'unknown'>,
): string {
  if (row.endedAtMs !== null) return endWords(row);
  const sentences = [`${row.status}: ${wordsOfAll(waits)}`];
  const hasPlace = waits.some(({ kind }) => kind === 'slot' || kind === 'begin');
  if (unknown !== null && hasPlace) sentences.push(`Its place in line is not known: ${unknown}`);
  if (chain.circle.length > 0) {
    const runs = chain.circle.join(', ');
    sentences.push(`As far as their charts show, these runs wait for one another: ${runs}`);
  }
  for (const { runId, channels } of chain.nobodyOpen) {
    const who = runId === row.runId ? 'it' : `run ${runId}`;
    sentences.push(
      `Nobody open in the pipeline can publish on ${channels.join(', ')} any more: a message from outside ends that wait of ${who}`,
    );
  }
  const [nearest] = chain.hops;
  if (nearest !== undefined && chain.circle.length === 0) {
    const how =
      nearest.as === 'child'
        ? 'It waits for its child'
        : 'It is inferred that a message comes from';
    sentences.push(`${how} ${hopWords(nearest)}`);
    const last = chain.hops.find(goesOn);
    if (last !== undefined && last !== nearest)
      sentences.push(`All wait at last for ${hopWords(last)}`);
  }
  return sentences.join('. ');
}

function hopWords({ runId, agent, status, words }: Hop): string {
  return `run ${runId} (${agent}), which is ${status}: ${words}`;
}

function endWords({ status, error }: RunRow): string {
  return error === null ? `It has ended: ${status}` : `It has ended: ${status}, ${error.message}`;
}
