/** `heddle show` and `heddle why`: one run, as it is and why it is there. */
import type { Command } from 'commander';
import { HeddleRequestError, type Client, type RunInside } from '../../client/index.ts';
import { apiCommand, withJsonFlags, type ApiFlags } from '../api/api-flags.ts';
import { fieldsText, harmless, iso, printOne } from '../api/printed.ts';
import { withClient } from '../api/with-client.ts';
import { writerTo, type Streams } from '../streams.ts';
import { attached, type AttachFlags } from './attached.ts';
import { printAttempts, printTurn } from './past-text.ts';
import { turnText } from './run-text.ts';

type ShowFlags = AttachFlags & {
  readonly journal?: boolean;
  readonly turn?: string;
  readonly attempts?: boolean;
};

const turnsAtOnce = 200;

export function addShowCommands(
  program: Command,
  streams: Streams,
  endWith: (exitCode: number) => void,
): void {
  const show = apiCommand(program, 'show <id>')
    .description('show a run: what it waits for, its state, its context, what it came to')
    .option('--journal', 'print its turns so far instead')
    .option('--turn <n>', 'show it as it was after this turn, and the edges that the turn took')
    .option('--attempts', 'print the attempts of its provider calls instead')
    .option('--follow', 'print its turns so far and those to come, then its output')
    .option('--timeout-ms <n>', 'with --follow: how long; the run goes on after it');
  withJsonFlags(show, 'the run, or its turns or attempts,').action(
    async (id: string, flags: ShowFlags) => {
      await withClient(flags, async (client) => {
        if (flags.follow === true) endWith(await attached(client, id, flags, streams));
        else if (flags.turn !== undefined) await printTurn(client, id, flags, streams);
        else if (flags.attempts === true) await printAttempts(client, id, flags, streams);
        else if (flags.journal === true) await printJournal(client, id, flags, streams);
        else printOne(streams, flags, await wholeRun(client, id), runDetails);
      });
    },
  );
  const why = apiCommand(program, 'why <id>').description(
    'say why a run is where it is: what it waits for, its place, the runs in its way',
  );
  withJsonFlags(why, 'the reasons').action(async (id: string, flags: ApiFlags) => {
    const found = await withClient(flags, (client) => client.runs.why(id));
    printOne(streams, flags, found, ({ words }) => harmless(words));
  });
}

async function wholeRun(client: Client, id: string) {
  const run = await client.runs.get(id);
  return { ...run, ...(await insideOf(client, id)) };
}

/** Whoever may not look inside sees the rest. */
async function insideOf(client: Client, id: string): Promise<Partial<RunInside>> {
  try {
    const { context, open, timers } = await client.runs.inside(id);
    return { context, open, timers };
  } catch (error) {
    if (error instanceof HeddleRequestError && error.code === 'scope-missing') return {};
    throw error;
  }
}

function runDetails(run: Awaited<ReturnType<typeof wholeRun>>): string {
  const { createdAtMs, endedAtMs, parentRunId, open, timers, ...rest } = run;
  const isOpen = endedAtMs === null;
  return fieldsText({
    ...rest,
    parent: parentRunId,
    created: iso(createdAtMs),
    ended: endedAtMs === null ? null : iso(endedAtMs),
    open: isOpen ? open : null,
    timers: isOpen ? timers : null,
  });
}

async function printJournal(
  client: Client,
  id: string,
  flags: ApiFlags,
  { stdout }: Streams,
): Promise<void> {
  const show = writerTo(stdout);
  let lines = 0;
  for (let after = 0, isFull = true; isFull;) {
    const turns = await client.runs.journal(id, { after, limit: turnsAtOnce });
    // Only now: of a run that is not there nothing is printed.
    if (after === 0 && flags.json === true) stdout.write('[');
    for (const turn of turns) {
      const text = JSON.stringify(turn);
      if (flags.json === true) stdout.write(`${lines++ === 0 ? '\n' : ',\n'}${text}`);
      else show(flags.jsonl === true ? text : turnText(turn));
    }
    after = turns.at(-1)?.turn ?? after;
    isFull = turns.length === turnsAtOnce;
  }
  if (flags.json === true) stdout.write(`${lines === 0 ? '' : '\n'}]\n`);
}
