/** `heddle serve`: a replica with its HTTP server, until a signal ends it. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { watch } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Command } from 'commander';
import { createHeddle, stubProvider, type HeddleOptions } from '../heddle.ts';
import { serve } from '../server.ts';
import { databaseOf, withDatabaseFlags, type DatabaseFlags } from './database-flags.ts';
import { exitCodes } from './exit-codes.ts';
import { untilInterrupted } from './interrupts.ts';
import { agentsAt, configOf, configPath, listOf } from './serve-config.ts';
import { writerTo, type Streams } from './streams.ts';
import { wholeOf } from './whole.ts';

type ServeFlags = DatabaseFlags & {
  readonly config?: string;
  readonly port?: string;
  readonly host?: string;
  readonly circuits?: boolean;
  readonly tokensAlways?: boolean;
  readonly watch?: boolean;
};

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
    .option('--circuits', 'register the three agents of heddle circuits')
    .option('--watch', 'start anew when a module or the config changes');
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
  const providers = config.providers ?? [stubProvider()];
  if (config.providers === undefined) {
    note('heddle: no providers are given, so a stub answers model calls');
  }
  return { ...config, agents, providers, ...databaseOf(flags) };
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
  const options = await optionsOf(modules, flags, note);
  await untilInterrupted(async (signal) => {
    const heddle = await createHeddle(options);
    try {
      const server = await serve(heddle, { ...port, ...host, tokensAlways });
      say(`heddle listens on ${server.url} (its API: ${server.url}/docs)`);
      if (!signal.aborted) await once(signal, 'abort');
      note('heddle: closing; turns in flight end, and shards are given back (again: at once)');
      await server.close();
    } finally {
      await heddle.close();
    }
  });
}

/** A change is often several: a file is written in pieces, or several files are. */
const settleMs = 200;

/** Serves in a process of its own, which takes the place of the one before when a file changes. */
async function watched(modules: readonly string[], flags: ServeFlags, note: Say): Promise<void> {
  const config = configPath(flags.config);
  const files = [...modules, ...(config === null ? [] : [config])].map((path) => resolve(path));
  const args = process.argv.slice(1).filter((arg) => arg !== '--watch');
  let child: ChildProcess | null = null;
  let timer: NodeJS.Timeout | undefined;
  const begin = (): void => {
    child = spawn(process.execPath, [...process.execArgv, ...args], { stdio: 'inherit' });
  };
  const end = async (): Promise<void> => {
    const ending = child;
    if (ending === null || ending.exitCode !== null || ending.signalCode !== null) return;
    const over = once(ending, 'exit');
    ending.kill('SIGTERM');
    await over;
  };
  let change = Promise.resolve();
  const changed = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      change = change.then(async () => {
        note('heddle: a file has changed');
        await end();
        begin();
      });
    }, settleMs);
  };
  const watchers = [...new Set(files.map((file) => dirname(file)))].map((folder) =>
    watch(folder, changed),
  );
  await untilInterrupted(async (signal) => {
    begin();
    await once(signal, 'abort');
    for (const watcher of watchers) watcher.close();
    clearTimeout(timer);
    await change;
    await end();
  });
  process.exitCode = exitCodes.ok;
}
