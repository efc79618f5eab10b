/**
 * The commands that look at runs and send to them. None of them takes shards, because none is a
 * replica.
 */
import type { Command } from 'commander';
import { asOneOf, asObject, refuseField } from '../domain/field.ts';
import { heddleError } from '../domain/errors.ts';
import type { Json } from '../domain/json.ts';
import { createHeddle, type Heddle } from '../heddle.ts';
import { runStatuses } from '../library/runs-query.ts';
import { besideOf } from '../library/why/beside.ts';
import { waitText } from '../library/why/wait-words.ts';
import { wholeOf } from './whole.ts';
import { databaseOf, withDatabaseFlags, type DatabaseFlags } from './database-flags.ts';
import { runDetails, runJson, runTable, wholeRunJson } from './run-text.ts';
import { writerTo, type Streams } from './streams.ts';

export type RunFlags = DatabaseFlags & { readonly tenant?: string };

export function addRunsCommands(program: Command, { stdout }: Streams): void {
  const say = writerTo(stdout);
  addRuns(program, say);
  addRun(program, say);
  runCommand(program, 'send <id> <type> [json]')
    .description('send an event, with the fields of a JSON object, to a run')
    .option('--key <text>', 'the event counts once, however often it is sent with this key')
    .action(async (id: string, type: string, json: string | undefined, flags: SendFlags) => {
      const event = { ...fieldsOf(json), type };
      const options = flags.key === undefined ? {} : { idempotencyKey: flags.key };
      await withRun(flags, id, (run) => run.send(event, options));
      say(`Run ${id} will take ${type} in its turn.`);
    });
  runCommand(program, 'cancel <id>')
    .description('end a run, and its children, calls and waits with it')
    .option('--reason <text>', 'kept with the run')
    .action(async (id: string, flags: RunFlags & { readonly reason?: string }) => {
      await withRun(flags, id, (run) => run.cancel(flags.reason));
      say(`Run ${id} will be cancelled in its turn.`);
    });
}

type SendFlags = RunFlags & { readonly key?: string };

type ListFlags = RunFlags & {
  readonly status?: string;
  readonly agent?: string;
  readonly pipeline?: string;
  readonly limit?: string;
  readonly json?: boolean;
};

type Say = (line: string) => void;

function addRuns(program: Command, say: Say): void {
  runCommand(program, 'runs')
    .description('list runs, newest first')
    .option('--status <list>', 'only with one of these statuses, as in failed,stalled')
    .option('--agent <name>', 'only of this agent')
    .option('--pipeline <name>', 'only of this pipeline')
    .option('--limit <n>', 'how many at most, 1 to 1000 (default: 20)')
    .option('--json', 'one object per run, one per line')
    .action(async (flags: ListFlags) => {
      const { tenant, agent, pipeline } = flags;
      const limit = wholeOf(flags.limit ?? '20', 'limit', { min: 1, max: 1_000 });
      const asked = flags.status
        ?.split(',')
        .map((status) => asOneOf(status.trim(), 'status', runStatuses));
      const rows = await withHeddle(flags, (heddle) =>
        heddle.runs({
          limit,
          ...(tenant === undefined ? {} : { tenant }),
          ...(agent === undefined ? {} : { agent }),
          ...(pipeline === undefined ? {} : { pipeline }),
          ...(asked === undefined ? {} : { statuses: asked }),
        }),
      );
      if (flags.json === true) for (const row of rows) say(JSON.stringify(runJson(row)));
      else say(rows.length === 0 ? 'No such run.' : runTable(rows));
    });
}

type ShowFlags = RunFlags & { readonly journal?: boolean; readonly json?: boolean };

function addRun(program: Command, say: Say): void {
  runCommand(program, 'run <id>')
    .description('show a run')
    .option('--journal', 'what it took, in order: one entry per line')
    .option('--json', 'the run as one object')
    .action(async (id: string, flags: ShowFlags) => {
      await withRun(flags, id, async (run, { runtime }) => {
        const row = await run.row();
        const beside = await besideOf(runtime.store, row);
        const whole = { row, timers: beside.timers, waitsFor: waitText(row, beside) };
        say(flags.json === true ? JSON.stringify(wholeRunJson(whole)) : runDetails(whole));
        if (flags.journal !== true) return;
        for await (const line of run.journal()) say(JSON.stringify(line));
      });
    });
}

export function runCommand(program: Command, nameAndArguments: string): Command {
  const command = program
    .command(nameAndArguments)
    .option('--tenant <name>', 'whose runs (default: default)');
  return withDatabaseFlags(command);
}

type Run = Awaited<ReturnType<Heddle['run']>>;

export async function withRun(
  flags: RunFlags,
  id: string,
  work: (run: Run, heddle: Heddle) => Promise<void>,
): Promise<void> {
  const { tenant } = flags;
  await withHeddle(flags, async (heddle) => {
    await work(await heddle.run(id, tenant === undefined ? {} : { tenant }), heddle);
  });
}

/**
 * Opens heddle without a replica, because a replica would take over shards, and with them runs
 * whose agents are unknown here.
 */
export async function withHeddle<Result>(
  flags: DatabaseFlags,
  work: (heddle: Heddle) => Promise<Result>,
): Promise<Result> {
  const heddle = await createHeddle({ ...databaseOf(flags), replica: false });
  try {
    return await work(heddle);
  } finally {
    await heddle.close();
  }
}

function fieldsOf(json: string | undefined): Readonly<Record<string, Json>> {
  if (json === undefined) return {};
  let value: Json;
  try {
    value = JSON.parse(json) as Json;
  } catch (error) {
    const reason = (error as Error).message;
    throw heddleError('invalid-json', { field: 'json', reason }, { cause: error });
  }
  const fields = asObject(value, 'json');
  if ('type' in fields) refuseField('json.type', 'is given as an argument already');
  return fields;
}
