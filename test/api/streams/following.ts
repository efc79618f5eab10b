/** Clients of streams, over sockets of their own: one connection, and one that comes again until the end. */
import { request, type IncomingMessage } from 'node:http';
import { setTimeout } from 'node:timers/promises';

export type Heard = {
  readonly event: string;
  readonly id: string | null;
  readonly data: Record<string, unknown>;
};

export type StreamRequest = {
  readonly topics: readonly unknown[];
  readonly tenant?: string;
  readonly lastEventId?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
};

export type Connection = {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly heard: Heard[];
  /** Resolves when the bytes have ended, in whichever way. */
  readonly ended: Promise<void>;
  /** Resolves with the first frame that fits, of those heard and those to come. */
  until(fits: (frame: Heard) => boolean, msMax?: number): Promise<Heard>;
  /** Reads nothing more, and does not say so. */
  pause(): void;
  resume(): void;
  close(): void;
};

export async function connect(url: string, asked: StreamRequest): Promise<Connection> {
  const { topics, tenant = 'default', lastEventId = null, headers: more = {} } = asked;
  const headers = {
    ...more,
    'content-type': 'application/json',
    ...(lastEventId === null ? {} : { 'last-event-id': lastEventId }),
  };
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const at = new URL(`/v1/stream?tenant=${tenant}`, url);
    const asking = request(at, { method: 'POST', headers, agent: false }, resolve);
    asking.on('error', reject);
    asking.end(JSON.stringify({ topics }));
  });
  const heard: Heard[] = [];
  const hearers = new Set<() => void>();
  let rest = '';
  response.setEncoding('utf8');
  response.on('data', (text: string) => {
    const frames = (rest + text).split('\n\n');
    rest = frames.pop() ?? '';
    for (const frame of frames) if (!frame.startsWith(':')) heard.push(heardOf(frame));
    for (const hear of hearers) hear();
  });
  const ended = new Promise<void>((resolve) => {
    response.on('error', () => resolve());
    response.on('close', () => resolve());
  });
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    heard,
    ended,
    until: (fits, msMax = 20_000) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const found = heard.find(fits);
          if (found === undefined) return;
          hearers.delete(look);
          resolve(found);
        };
        hearers.add(look);
        look();
        void setTimeout(msMax, null, { ref: false }).then(() =>
          reject(new Error(`not heard; the last were ${JSON.stringify(heard.slice(-5))}`)),
        );
      }),
    pause: () => void response.pause(),
    resume: () => void response.resume(),
    close: () => void response.destroy(),
  };
}

function heardOf(text: string): Heard {
  const fields = new Map(
    text.split('\n').map((line) => {
      const at = line.indexOf(': ');
      return [line.slice(0, at), line.slice(at + 2)];
    }),
  );
  const data = JSON.parse(fields.get('data') ?? '{}') as Record<string, unknown>;
  return { event: fields.get('event') ?? '', id: fields.get('id') ?? null, data };
}

export type Following = {
  /** All frames of all connections, in order. */
  readonly heard: Heard[];
  /** How often it came again. */
  readonly connections: () => number;
  /** Resolves at an `end` that says that nothing will come. */
  readonly ended: Promise<void>;
  stop(): void;
};

/** Comes again, with the last id, whenever its stream ends otherwise than by saying that nothing will come. */
export function follow(url: () => string, asked: StreamRequest): Following {
  const heard: Heard[] = [];
  let connections = 0;
  let isStopped = false;
  let open: Connection | null = null;
  const last = (): string | null => heard.findLast(({ id }) => id !== null)?.id ?? null;
  const isDone = (): boolean =>
    heard.at(-1)?.event === 'end' && heard.at(-1)?.data['resume'] === false;
  const run = async (): Promise<void> => {
    while (!isStopped && !isDone()) {
      try {
        open = await connect(url(), { ...asked, lastEventId: last() ?? asked.lastEventId ?? null });
        connections += 1;
        if (open.status === 200) {
          const { heard: mine } = open;
          await open.ended;
          heard.push(...mine);
        }
        open = null;
      } catch {
        // The server is away.
      }
      if (!isDone()) await setTimeout(50);
    }
  };
  return {
    get heard() {
      return [...heard, ...(open?.heard ?? [])];
    },
    connections: () => connections,
    ended: run(),
    stop: () => {
      isStopped = true;
      open?.close();
    },
  };
}
