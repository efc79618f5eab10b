/** A proxy before several servers: each connection goes to the next of them that takes it. */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export type RoundRobin = {
  readonly url: string;
  close(): void;
};

export async function roundRobin(ports: () => readonly number[]): Promise<RoundRobin> {
  const sockets = new Set<Socket>();
  let turn = 0;
  const server = createServer((client) => {
    const list = ports();
    turn += 1;
    sockets.add(client);
    client.on('close', () => sockets.delete(client));
    client.on('error', () => client.destroy());
    const tryNext = (left: number): void => {
      const port = list[(turn + left) % list.length];
      if (left === 0 || port === undefined) return void client.destroy();
      const upstream = connect(port, '127.0.0.1');
      let isOpen = false;
      upstream.on('connect', () => {
        isOpen = true;
        client.pipe(upstream).pipe(client);
      });
      upstream.on('error', () => {
        if (isOpen) client.destroy();
        else tryNext(left - 1);
      });
      upstream.on('close', () => {
        if (isOpen) client.destroy();
      });
      client.on('close', () => upstream.destroy());
    };
    tryNext(list.length);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
