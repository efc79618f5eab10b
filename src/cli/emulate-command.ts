/**
 * `heddle emulate`: a provider's protocol on loopback, for users without a key and for trying out
 * faults.
 */
import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { asOneOf, refuseField } from '../domain/field.ts';
import type { PartialScript } from '../emulators/emulator.ts';
import { protocolNames } from '../emulators/model-request.ts';
import { untilInterrupted } from './interrupts.ts';
import { writerTo, type Streams } from './streams.ts';
import { wholeOf } from './whole.ts';

type EmulateFlags = {
  readonly port?: string;
  readonly ceiling?: string;
  readonly latencyMs?: string;
  readonly seed?: string;
  readonly script?: string;
};

const bounds = {
  port: { min: 0, max: 65_535 },
  ceiling: { min: 0, max: 100_000 },
  latencyMs: { min: 0, max: 600_000 },
  seed: { min: 0, max: 4_294_967_295 },
} as const;

export function addEmulateCommand(program: Command, streams: Streams): void {
  program
    .command('emulate')
    .argument('<protocol>', 'anthropic, ollama or openai')
    .description('answer as that provider on loopback until interrupted, and print the base URL')
    .option('--port <n>', 'where to listen (default: any that is free)')
    .option('--ceiling <n>', 'calls at once; more are refused (default: 120)')
    .option('--latency-ms <n>', 'latency of each call (default: 0)')
    .option('--seed <n>', 'what answers, latencies and faults depend on (default: 1)')
    .option('--script <file>', 'JSON with all that it can be told; the flags go before it')
    .action((protocol: string, flags: EmulateFlags) => emulate(protocol, flags, streams));
}

async function emulate(protocol: string, flags: EmulateFlags, streams: Streams): Promise<void> {
  const options = {
    protocol: asOneOf(protocol, 'protocol', protocolNames),
    ...given(flags, 'port'),
    ...given(flags, 'seed'),
    script: {
      ...(flags.script === undefined ? {} : await readScript(flags.script)),
      ...given(flags, 'ceiling'),
      ...given(flags, 'latencyMs'),
    },
  };
  // The server is loaded here, because no other command needs one.
  const { startEmulator } = await import('../emulators/emulator.ts');
  await untilInterrupted(async (signal) => {
    const emulator = await startEmulator(options).catch((error: unknown) =>
      refuseTakenPort(error, options.port),
    );
    try {
      writerTo(streams.stdout)(emulator.url);
      if (!signal.aborted) await new Promise((stop) => signal.addEventListener('abort', stop));
      writerTo(streams.stderr)(JSON.stringify(emulator.stats()));
    } finally {
      await emulator.close();
    }
  });
}

function given<Name extends keyof typeof bounds>(
  flags: EmulateFlags,
  name: Name,
): { readonly [Given in Name]?: number } {
  const text = flags[name];
  if (text === undefined) return {};
  return { [name]: wholeOf(text, name, bounds[name]) } as { readonly [Given in Name]: number };
}

/** Reads the file only; the emulator checks the fields. */
async function readScript(file: string): Promise<PartialScript> {
  let script: unknown;
  try {
    script = JSON.parse(await readFile(file, 'utf8')) as unknown;
  } catch (error) {
    refuseField(
      'script',
      `cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  if (typeof script !== 'object' || script === null || Array.isArray(script)) {
    refuseField('script', 'must be an object');
  }
  return script;
}

function refuseTakenPort(error: unknown, port: number | undefined): never {
  const code = (error as { readonly code?: unknown }).code;
  if (code === 'EADDRINUSE' || code === 'EACCES') {
    refuseField('port', `${String(port)} cannot be listened on (${code})`);
  }
  throw error;
}
