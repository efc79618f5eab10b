/**
 * A command that stays with a run: until the run has ended, the time is over, or Ctrl-C. The run is durable, so to
 * leave it alone ends nothing.
 */
import { HeddleRequestError, type Client, type Outcome } from '../../client/index.ts';
import type { ApiFlags } from '../api/api-flags.ts';
import { printOne } from '../api/printed.ts';
import { exitCodes } from '../exit-codes.ts';
import { untilInterrupted } from '../interrupts.ts';
import { writerTo, type Streams } from '../streams.ts';
import { wholeOf } from '../whole.ts';
import { outcomeText, turnText } from './run-text.ts';

export type AttachFlags = ApiFlags & {
  readonly follow?: boolean;
  readonly wait?: boolean;
  readonly timeoutMs?: string;
};

const timeoutBounds = { min: 0, max: 2_147_483_647 } as const;

/** Resolves with the exit code that the run's end asks for. */
export async function attached(
  client: Client,
  runId: string,
  flags: AttachFlags,
  streams: Streams,
): Promise<number> {
  const say = writerTo(streams.stderr);
  const timeoutMs =
    flags.timeoutMs === undefined ? null : wholeOf(flags.timeoutMs, 'timeoutMs', timeoutBounds);
  return untilInterrupted(async (interrupted) => {
    const over = timeoutMs === null ? null : AbortSignal.timeout(timeoutMs);
    const signal = over === null ? interrupted : AbortSignal.any([interrupted, over]);
    try {
      if (flags.follow === true) await followed(client, runId, { flags, streams, signal });
      const outcome = await client.runs.output(runId, { signal });
      return ended(outcome, flags, streams);
    } catch (error) {
      if (!signal.aborted || error instanceof HeddleRequestError) throw error;
      const how = interrupted.aborted ? 'Detached' : `Not ended within ${timeoutMs} ms`;
      say(`${how}: run ${runId} goes on. To see it again:`);
      say(`  heddle show ${runId} --follow${againFlags(flags)}`);
      return exitCodes.goesOn;
    }
  });
}

type Following = {
  readonly flags: AttachFlags;
  readonly streams: Streams;
  readonly signal: AbortSignal;
};

async function followed(
  client: Client,
  runId: string,
  { flags, streams, signal }: Following,
): Promise<void> {
  const show = writerTo(streams.stdout);
  for await (const turn of client.runs.follow(runId, { signal })) {
    // One document cannot be written in pieces.
    if (flags.jsonl === true) show(JSON.stringify(turn));
    else if (flags.json !== true) show(turnText(turn));
  }
}

function ended(outcome: Outcome, flags: AttachFlags, streams: Streams): number {
  const { status, output } = outcome;
  if (flags.json === true || flags.jsonl === true || status === 'completed') {
    const text = typeof output === 'string' ? output : JSON.stringify(output ?? null, null, 2);
    printOne(streams, flags, outcome, () => text);
  }
  if (status === 'completed') return exitCodes.ok;
  const say = writerTo(streams.stderr);
  say(`heddle: ${outcomeText(outcome)}`);
  say(`next: heddle show ${outcome.id}${againFlags(flags)}`);
  return status === 'cancelled' ? exitCodes.cancelled : exitCodes.failed;
}

/** The flags by which a command found the run, but for a database's address, which may hold a password. */
function againFlags({ url, tenant, directory }: ApiFlags): string {
  return Object.entries({ url, tenant, directory })
    .flatMap(([name, value]) => (value === undefined ? [] : [` --${name} ${value}`]))
    .join('');
}
