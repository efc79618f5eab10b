/** Where other replicas reach a server that listens here. */
import { networkInterfaces } from 'node:os';

const everywhere: readonly string[] = ['0.0.0.0', '::', '[::]'];

/** Null: the machine has no address that others could use. */
export function addressOf(host: string, port: number): string | null {
  const name = everywhere.includes(host) ? ownAddress() : host;
  if (name === null) return null;
  return `http://${name.includes(':') && !name.startsWith('[') ? `[${name}]` : name}:${port}`;
}

function ownAddress(): string | null {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  const found = all.find(({ family, internal }) => family === 'IPv4' && !internal);
  return found?.address ?? null;
}
