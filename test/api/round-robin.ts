/** One address before several servers: each connection goes to the next of them, as at a load balancer. */
import { createServer, connect, type AddressInfo } from 'node:net';
import { once } from 'node:events';

export async function roundRobin(ports: () => readonly number[]): Promise<{
  readonly url: string;
  close(): void;
}> {
  let next = 0;
  const server = createServer((client) => {
    const all = ports();
    const port = all[next++ % all.length] ?? 0;
    const upstream = connect(port, '127.0.0.1');
    client.pipe(upstream).pipe(client);
    upstream.on('error', () => client.destroy());
    client.on('error', () => upstream.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, close: () => server.close() };
}
