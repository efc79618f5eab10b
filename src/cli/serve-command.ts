/** `heddle serve`: a replica with its HTTP server, until a signal ends it. */
import { once } from 'node:events';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { HeddleOptions } from '../heddle.ts';
import type { Provider } from '../index.ts';
import { databaseOf, withDatabaseFlags, type DatabaseFlags } from './database-flags.ts';
import { inspectOf, inspectWords, withInspectFlags, type InspectFlags } from './inspect-flags.ts';
import { untilInterrupted } from './interrupts.ts';
import { agentsAt, configOf, configPath, listOf } from './serve-config.ts';
import { serveWatched } from './serve-watch.ts';
import { writerTo, type Streams } from './streams.ts';
import { wholeOf } from './whole.ts';

type ServeFlags = DatabaseFlags & {
  readonly config?: string;
  readonly port?: string;
  readonly host?: string;
  readonly circuits?: boolean;
  readonly stub?: boolean;
  readonly tokensAlways?: boolean;
  readonly watch?: boolean;
} & InspectFlags;

type Say = (line: string) => void;

export function addServeCommand(program: Command, { stdout, stderr }: Streams): void {
  const command = program
    .command('serve [modules...]')
    .description(
      'run agents behind HTTP: the charts that these modules export, and those of the config',
    )
    .option(
      '--config <file>',
      'options of createHeddle as default export (default: heddle.config.mjs, .js, .ts)',
    )
    .option('--port <n>', 'default 7070; 0 takes any that is free')
    .option(
      '--host <address>',
      'default 127.0.0.1; anything else needs a token (heddle tokens create)',
    )
    .option('--tokens-always', 'a token is needed from this machine too')
    .option(
      '--circuits',
      'register the three agents of heddle circuits, and a stub where no providers are',
    )
    .option('--stub', 'a stub answers all model calls, in place of the config’s providers')
    .option('--watch', 'start anew when a module or the config changes');
  withInspectFlags(command);
  withDatabaseFlags(command).action(async (modules: string[], flags: ServeFlags) => {
    const say = writerTo(stdout);
    const note = writerTo(stderr);
    if (flags.watch === true) await watched(modules, flags, note);
    else await served(modules, flags, { say, note });
  });
}

async function optionsOf(
  modules: readonly string[],
  flags: ServeFlags,
  note: Say,
): Promise<HeddleOptions> {
  const path = configPath(flags.config);
  const config = await configOf(path);
  if (path !== null) note(`heddle: options from ${path}`);
  const agents = [...listOf(config.agents), ...(await agentsAt(modules))];
  // Loaded here, because no other command needs them.
  if (flags.circuits === true) agents.push(...(await import('../circuits/circuit.ts')).agents);
  const providers = await providersOf(config, flags, note);
  return { ...config, agents, providers, ...databaseOf(flags) };
}

/** A stub answers where it was asked for, and nowhere else: nobody takes its texts for a model's. */
async function providersOf(
  { providers = [] }: HeddleOptions,
  { stub, circuits }: ServeFlags,
  note: Say,
): Promise<readonly Provider[]> {
  if (stub === true || (circuits === true && providers.length === 0)) {
    note('heddle: a STUB answers model calls; no model is called');
    const { stubProvider } = await import('../heddle.ts');
    return [stubProvider()];
  }
  if (providers.length === 0) {
    note(
      'heddle: no providers: runs that call a model will wait. Give them in heddle.config.mjs, or try --stub',
    );
  }
  return providers;
}

async function served(
  modules: readonly string[],
  flags: ServeFlags,
  { say, note }: { readonly say: Say; readonly note: Say },
): Promise<void> {
  const port =
    flags.port === undefined ? {} : { port: wholeOf(flags.port, 'port', { min: 0, max: 65_535 }) };
  const host = flags.host === undefined ? {} : { host: flags.host };
  const tokensAlways = flags.tokensAlways ?? false;
  const inspect = inspectOf(flags);
  const options = await optionsOf(modules, flags, note);
  // The engine and the server are loaded here: the other commands are clients, which need neither.
  const [{ createHeddle }, { serve }] = await Promise.all([
    import('../heddle.ts'),
    import('../server.ts'),
  ]);
  await untilInterrupted(async (interrupted) => {
    const signal = AbortSignal.any([interrupted, watcherGone()]);
    const heddle = await createHeddle(options);
    try {
      const server = await serve(heddle, { ...port, ...host, tokensAlways, inspect });
      say(`heddle listens on ${server.url} (pages: ${server.url}/ui, API: ${server.url}/docs)`);
      if (inspect !== false) for (const line of inspectWords(server.url, inspect)) note(line);
      if (!signal.aborted) await once(signal, 'abort');
      note('heddle: closing; turns in flight end, and shards are given back (again: at once)');
      await server.close();
    } finally {
      await heddle.close();
    }
  });
}

/** Aborts when the watcher that has started this process is gone; never for a process without one. */
function watcherGone(): AbortSignal {
  const gone = new AbortController();
  process.once('disconnect', () => gone.abort());
  return gone.signal;
}

async function watched(modules: readonly string[], flags: ServeFlags, note: Say): Promise<void> {
  // Without a config, one may be written while this goes on.
  const config = configPath(flags.config) ?? resolve('heddle.config.mjs');
  const files = [...modules, config].map((path) => resolve(path));
  const args = process.argv.slice(1).filter((arg) => arg !== '--watch');
  await serveWatched({ files, args, note });
}
