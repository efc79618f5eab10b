/**
 * An emulator: a provider of model calls on loopback. It speaks a real provider's protocol over
 * real sockets, behaves as its script says, and counts the calls that it gets.
 */
import { createServer, type Server } from 'node:http';
import fastify, { type FastifyInstance } from 'fastify';
import { asOneOf, asWhole } from '../domain/field.ts';
import { anthropicWire } from './anthropic/wire.ts';
import { checkScript } from './check-script.ts';
import { sendWhole } from './delivery.ts';
import { Door } from './door.ts';
import { ModelCalls } from './model-calls.ts';
import { type AnswerFunction, type ProtocolName, protocolNames } from './model-request.ts';
import { ollamaWire } from './ollama/wire.ts';
import { openaiWire } from './openai/wire.ts';
import { Outages } from './outages.ts';
import { planAnswer } from '../providers/stub/plan-answer.ts';
import { defaultScripts, type EmulatorScript } from './script.ts';
import type { EmulatorStats } from './tally.ts';
import { WireRefusal, type Wire } from './wire.ts';

const wires: Readonly<Record<ProtocolName, Wire>> = {
  anthropic: anthropicWire,
  ollama: ollamaWire,
  openai: openaiWire,
};

const bounds = {
  seed: { min: 0, max: 4_294_967_295 },
  port: { min: 0, max: 65_535 },
  bodyBytesMax: { min: 1, max: 33_554_432 },
  /** The operating system refuses connections beyond this number. */
  connectionsMax: 20_000,
  keepAliveMs: 72_000,
} as const;

/**
 * A script as a caller gives it: a field that is left out keeps its value. A plain number is a
 * fixed time.
 */
export type PartialScript = Partial<
  Omit<EmulatorScript, 'latencyMs' | 'firstTokenMs'> & {
    readonly latencyMs: EmulatorScript['latencyMs'] | number;
    readonly firstTokenMs: EmulatorScript['firstTokenMs'] | number;
  }
>;

export type EmulatorOptions = {
  readonly protocol: ProtocolName;
  /** Default: any free port. */
  readonly port?: number;
  readonly script?: PartialScript;
  /** Default 1. Answers, latencies and faults depend on it. */
  readonly seed?: number;
  /**
   * Default: the answer of heddle's stub, which follows a plan in the prompt (`plan-answer.ts`).
   */
  readonly answer?: AnswerFunction;
  /** Larger requests are refused. Default 8 MiB. */
  readonly bodyBytesMax?: number;
  /** Called just before each slot is taken (1) and given back (-1). */
  readonly onSlot?: (by: 1 | -1) => void;
};

export type Emulator = {
  readonly protocol: ProtocolName;
  readonly url: string;
  readonly port: number;
  readonly script: EmulatorScript;
  stats(): EmulatorStats;
  /** Resolves when the script is in force; for the outage `refuse`, when the door is shut. */
  set(script: PartialScript): Promise<void>;
  /** Stops listening and cuts off all connections. */
  close(): Promise<void>;
};

export async function startEmulator(options: EmulatorOptions): Promise<Emulator> {
  const protocol = asOneOf(options.protocol, 'protocol', protocolNames);
  const port = asWhole(options.port, 'port', { ...bounds.port, fallback: 0 });
  const seed = asWhole(options.seed, 'seed', { ...bounds.seed, fallback: 1 });
  const bodyBytesMax = asWhole(options.bodyBytesMax, 'bodyBytesMax', {
    ...bounds.bodyBytesMax,
    fallback: 8_388_608,
  });
  let script = checkScript(options.script ?? {}, defaultScripts[protocol]);

  const startedAtMs = performance.now();
  const nowMs = (): number => performance.now() - startedAtMs;
  const wire = wires[protocol];
  const calls = new ModelCalls(script, {
    wire,
    seed,
    answer: options.answer ?? planAnswer,
    clock: { nowMs, epochMs: Date.now },
    onSlot: options.onSlot ?? (() => {}),
  });
  let isClosed = false;
  const outages = new Outages(script, nowMs, () => void moveDoor());
  const { app, server } = await serve(wire, calls, { outages, bodyBytesMax });
  const door = new Door(server, { host: '127.0.0.1', port });
  const moveDoor = (): Promise<void> =>
    isClosed || outages.current === 'refuse' ? door.shut() : door.open();
  // The door is opened once even where the script begins with an outage, so that the port is known.
  await door.open(1);
  await moveDoor();

  return {
    protocol,
    url: door.url,
    port: door.port,
    get script() {
      return script;
    },
    stats: () => calls.stats(),
    set: async (partial) => {
      script = checkScript(partial, script);
      calls.set(script);
      outages.set(script);
      await moveDoor();
    },
    close: async () => {
      isClosed = true;
      outages.close();
      await door.shut();
      await app.close();
    },
  };
}

type Served = { readonly app: FastifyInstance; readonly server: Server };

async function serve(
  wire: Wire,
  calls: ModelCalls,
  { outages, bodyBytesMax }: { readonly outages: Outages; readonly bodyBytesMax: number },
): Promise<Served> {
  let server: Server | null = null;
  const app = fastify({
    logger: false,
    bodyLimit: bodyBytesMax,
    // The door does the listening, so that it can be shut and opened again; fastify only answers.
    serverFactory: (handler) => {
      server = createServer({ keepAliveTimeout: bounds.keepAliveMs }, handler);
      server.maxConnections = bounds.connectionsMax;
      return server;
    },
  });
  // Every body is read as bytes, whatever its content type: the wire then refuses a wrong one in
  // the protocol's own words.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => {
    done(null, body);
  });
  app.post(wire.callPath, (request, reply) => {
    reply.hijack();
    calls.take(request.raw, reply.raw, bodyOf(request.body), outages.current);
  });
  for (const page of wire.pages) {
    app.route({
      method: page.method,
      url: page.path,
      handler: (request, reply) => {
        reply.hijack();
        calls.page(page, request.raw, reply.raw, bodyOf(request.body), outages.current);
      },
    });
  }
  app.setNotFoundHandler((request, reply) => {
    reply.hijack();
    sendWhole(reply.raw, wire.notFound(request.url, calls.pageContext()));
  });
  app.setErrorHandler(
    (error: { readonly statusCode?: number; readonly message: string }, _, reply) => {
      reply.hijack();
      const name = error.statusCode === 413 ? 'too-large' : 'invalid-request';
      const said = name === 'too-large' ? null : error.message;
      sendWhole(reply.raw, wire.refusal(new WireRefusal(name, said), calls.pageContext()));
    },
  );
  await app.ready();
  if (server === null) throw new Error('fastify made no server');
  return { app, server };
}

const noBody = Buffer.alloc(0);

function bodyOf(body: unknown): Buffer {
  return Buffer.isBuffer(body) ? body : noBody;
}
