/** The commands to runs: an event to one; a cancel, a pause or a resume to some, by their ids or by a filter. */
import type { Command } from 'commander';
import { HeddleRequestError, type Client, type OpenRunsFilter } from '../../client/index.ts';
import { asObject, refuseField } from '../../domain/field.ts';
import type { Json } from '../../domain/json.ts';
import { openStatuses } from '../../library/runs-query.ts';
import { apiCommand, withJsonFlags, type ApiFlags } from '../api/api-flags.ts';
import { confirmed } from '../api/confirmed.ts';
import { jsonArgument } from '../api/json-argument.ts';
import { withClient } from '../api/with-client.ts';
import { exitCodes } from '../exit-codes.ts';
import { writerTo, type Streams } from '../streams.ts';
import { filterOf, withFilterFlags, type FilterFlags } from './filter-flags.ts';
import { runTable } from './run-text.ts';

export function addSteerCommands(
  program: Command,
  streams: Streams,
  endWith: (exitCode: number) => void,
): void {
  addSend(program, streams);
  for (const kind of ['cancel', 'pause', 'resume'] as const) {
    const command = apiCommand(program, `${kind} [ids...]`)
      .description(`${described[kind]}; or of all open runs that a filter means`)
      .option('--reason <text>', 'kept with the run')
      .option('--yes', 'do not ask before it is done to what the filter means');
    withJsonFlags(withFilterFlags(command), 'what was done to each').action(
      async (ids: readonly string[], flags: SteerFlags) => {
        endWith(await steered(kind, ids, flags, streams));
      },
    );
  }
}

const described = {
  cancel: 'end runs, and their children, calls and waits with them',
  pause: 'pause runs: they take no event until they are resumed',
  resume: 'undo a pause of runs',
} as const;

type Kind = keyof typeof described;
type SendFlags = ApiFlags & { readonly key?: string };

function addSend(program: Command, streams: Streams): void {
  apiCommand(program, 'send <id> <type> [json]')
    .description('send an event, with the fields of a JSON object, to a run')
    .option('--key <text>', 'the event counts once, however often it is sent with this key')
    .action(async (id: string, type: string, json: string | undefined, flags: SendFlags) => {
      const event = { ...(await fieldsOf(json, streams)), type };
      const once = flags.key === undefined ? {} : { idempotencyKey: flags.key };
      await withClient(flags, (client) => client.runs.send(id, event, once));
      writerTo(streams.stderr)(`Run ${id} will take ${type} in its turn.`);
    });
}

async function fieldsOf(
  json: string | undefined,
  streams: Streams,
): Promise<Readonly<Record<string, Json>>> {
  if (json === undefined) return {};
  const fields = asObject(await jsonArgument(json, 'json', streams), 'json');
  if ('type' in fields) refuseField('json.type', 'is given as an argument already');
  return fields;
}

type SteerFlags = ApiFlags & FilterFlags & { readonly reason?: string; readonly yes?: boolean };
type Done = { readonly id: string; readonly done: boolean; readonly error?: string };

const listedMax = 20;
const atOnce = 16;

async function steered(
  kind: Kind,
  ids: readonly string[],
  flags: SteerFlags,
  streams: Streams,
): Promise<number> {
  const filter = filterOf(flags);
  const isFiltered = Object.keys(filter).length > 0;
  if (isFiltered === ids.length > 0) {
    refuseField('ids', 'are to be given, or a filter (--status, --agent, --tag …): one of both');
  }
  return withClient(flags, async (client) => {
    const done = isFiltered
      ? await allMeant(client, kind, flags, streams)
      : await inTurn(ids, (id) => client.runs[kind](id, flags.reason));
    return done === null ? exitCodes.ok : told(kind, done, flags, streams);
  });
}

/** Shows what the filter means and asks, then gives the command to it. Null: nothing was to be done. */
async function allMeant(
  { runs }: Client,
  kind: Kind,
  flags: SteerFlags,
  streams: Streams,
): Promise<readonly Done[] | null> {
  const { code, endedFromMs, endedBelowMs, ...filter } = filterOf(flags);
  if (code !== undefined || endedFromMs !== undefined || endedBelowMs !== undefined) {
    refuseField('code', 'and times of ends mean runs that have ended: they cannot be steered');
  }
  const matches = await runs.meant(kind, filter);
  if (!(await isWanted(kind, { runs, filter, matches }, flags, streams))) return null;
  const done: Done[] = [];
  const reason = flags.reason === undefined ? {} : { reason: flags.reason };
  for (let next = { left: matches, cursor: '' }; ;) {
    const request = { matches: next.left, ...reason, cursor: next.cursor };
    const answer = await runs.command(kind, filter, request);
    done.push(...answer.runIds.map((id) => ({ id, done: true })));
    if (answer.left === 0) return done;
    next = answer;
  }
}

type MeantRuns = {
  readonly runs: Client['runs'];
  readonly filter: OpenRunsFilter;
  readonly matches: number;
};

async function isWanted(
  kind: Kind,
  { runs, filter, matches }: MeantRuns,
  flags: SteerFlags,
  streams: Streams,
): Promise<boolean> {
  const say = writerTo(streams.stderr);
  if (matches === 0) {
    say('No open run is meant.');
    if (flags.json === true) writerTo(streams.stdout)('[]');
    return false;
  }
  // A resume is of what is paused.
  const status = kind === 'resume' ? (['paused'] as const) : openStatuses;
  const shown = await runs.list({ status, ...filter, limit: listedMax });
  say(runTable(shown.items.filter(({ endedAtMs }) => endedAtMs === null)));
  if (matches > listedMax) say(`and ${matches - listedMax} more`);
  if (flags.yes === true) return true;
  return confirmed(`${kind} ${matches === 1 ? 'this run' : `these ${matches} runs`}?`, streams);
}

async function inTurn(
  ids: readonly string[],
  work: (id: string) => Promise<void>,
): Promise<readonly Done[]> {
  const done: Done[] = [];
  for (let from = 0; from < ids.length; from += atOnce) {
    const part = ids.slice(from, from + atOnce).map(async (id): Promise<Done> => {
      try {
        await work(id);
        return { id, done: true };
      } catch (error) {
        // One that has ended meanwhile stops none of the others; what is wrong with all of them does.
        if (!(error instanceof HeddleRequestError) || ids.length === 1) throw error;
        if (error.status !== 404 && error.status !== 409 && error.status !== 410) throw error;
        return { id, done: false, error: `${error.code}: ${error.message}` };
      }
    });
    done.push(...(await Promise.all(part)));
  }
  return done;
}

const words: Readonly<Record<Kind, string>> = {
  cancel: 'cancelled',
  pause: 'paused',
  resume: 'resumed',
};

function told(kind: Kind, done: readonly Done[], flags: SteerFlags, streams: Streams): number {
  const show = writerTo(streams.stdout);
  const say = writerTo(streams.stderr);
  if (flags.json === true) show(JSON.stringify(done, null, 2));
  else if (flags.jsonl === true) for (const one of done) show(JSON.stringify(one));
  for (const { id, error } of done) {
    say(
      error === undefined ? `Run ${id} will be ${words[kind]} in its turn.` : `Run ${id}: ${error}`,
    );
  }
  return done.every((one) => one.done) ? exitCodes.ok : exitCodes.failed;
}
