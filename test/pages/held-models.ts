/**
 * Two emulators whose answers can be held back: a call that comes while they are held keeps its slot until they are
 * let go, so that nothing moves and what a page shows can be compared with the database.
 */
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startEmulator, type Emulator } from '../../src/emulators/emulator.ts';

export type HeldModels = {
  readonly urls: readonly [string, string];
  hold(): void;
  letGo(): void;
  close(): Promise<void>;
};

export async function heldModels(latencyMs: number): Promise<HeldModels> {
  const script = { latencyMs, ceiling: 100 };
  const emulators = [
    await startEmulator({ protocol: 'anthropic', script }),
    await startEmulator({ protocol: 'ollama', script }),
  ] as const;
  let held: Promise<void> | null = null;
  let release = (): void => undefined;
  const doors = await Promise.all(emulators.map((emulator) => door(emulator, () => held)));
  const [claude, local] = doors;
  if (claude === undefined || local === undefined) throw new TypeError('two doors were opened');
  return {
    urls: [claude.url, local.url],
    hold() {
      held ??= new Promise((resolve) => (release = resolve));
    },
    letGo() {
      held = null;
      release();
    },
    async close() {
      release();
      for (const { server } of doors) {
        server.closeAllConnections();
        server.close();
      }
      await Promise.all(emulators.map((emulator) => emulator.close()));
    },
  };
}

/** Passes requests on, and their answers once nothing is held. */
async function door(
  { port }: Emulator,
  held: () => Promise<void> | null,
): Promise<{ readonly server: Server; readonly url: string }> {
  const server = createServer((asked, reply) => {
    const { method, url: path, headers } = asked;
    const on = request({ host: '127.0.0.1', port, method, path, headers }, (answer) => {
      void (async () => {
        while (held() !== null) await held();
        reply.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(reply);
      })();
    });
    on.on('error', () => reply.destroy());
    reply.on('close', () => on.destroy());
    asked.pipe(on);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}
