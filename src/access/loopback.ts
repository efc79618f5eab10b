/** Whether a request is made from and for this machine, as far as its headers tell. */

export type HeadersGiven = Readonly<Record<string, string | readonly string[] | undefined>> & {
  readonly authorization?: string | undefined;
};

type Strange =
  | { readonly kind: 'forwarded'; readonly header: string }
  | { readonly kind: 'foreign'; readonly header: string; readonly value: string };

const names: readonly string[] = ['localhost', '[::1]'];
const shownCharsMax = 100;

/** Of an address or a name to listen on. */
export function isLoopbackHost(host: string): boolean {
  const name = host.toLowerCase().replace(/^\[|\]$/g, '');
  return name === 'localhost' || name === '::1' || isLoopbackAddress(name);
}

const isLoopbackAddress = (name: string): boolean => /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(name);

/** The first header that speaks against it; null if none does. */
export function strangeHeader(headers: HeadersGiven): Strange | null {
  const forwarded = Object.keys(headers).find((name) => /^(x-)?forwarded(-|$)/i.test(name));
  if (forwarded !== undefined) return { kind: 'forwarded', header: forwarded };
  const { host, origin } = headers;
  if (!isOwnHost(host)) return foreign('Host', host);
  if (origin === undefined) return null;
  return isLoopbackOrigin(String(origin)) ? null : foreign('Origin', origin);
}

/** Of a page: whether it was loaded from this machine. */
export function isLoopbackOrigin(origin: string): boolean {
  const [, from] = /^https?:\/\/(.+)$/i.exec(origin) ?? [];
  return isOwnHost(from);
}

function isOwnHost(host: unknown): boolean {
  if (typeof host !== 'string') return false;
  const [, name = ''] = /^(\[[^\]]*\]|[^:]*)(?::\d{1,5})?$/.exec(host.toLowerCase()) ?? [];
  return names.includes(name) || isLoopbackAddress(name);
}

function foreign(header: string, value: unknown): Strange {
  const shown = typeof value === 'string' ? value.slice(0, shownCharsMax) : 'that is missing';
  return { kind: 'foreign', header, value: shown };
}
