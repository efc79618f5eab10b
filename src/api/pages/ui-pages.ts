/**
 * The pages at `/ui`. They are static files and need no token: what they show they ask of `/v1`, as any client does.
 *
 * 1. A path that names no file gets the one document, and the page finds its place in the address.
 * 2. Files with a hash in their name may be kept for ever; the document is asked for anew.
 * 3. Nothing is loaded from elsewhere, no script or style stands in the document, and no other page may frame it.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { heddleError } from '../../domain/errors.ts';
import type { UiFile, UiFiles } from './ui-files.ts';

const uiPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "worker-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const document = 'index.html';

type Ui = {
  /** Asked for with the first request, because most servers are never looked at. */
  readonly files: () => Promise<UiFiles | null>;
  /** Told whenever somebody opens a page. */
  readonly opened: () => void;
};

export function addUi(app: FastifyInstance, { files, opened }: Ui): void {
  const hide = { schema: { hide: true } };
  const { prefix } = app;
  let read: Promise<UiFiles | null> | null = null;
  const answer = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    read ??= files().catch((error: unknown) => {
      read = null;
      throw error;
    });
    const known = await read;
    if (known === null) {
      read = null;
      throw heddleError('pages-not-built', {});
    }
    const { '*': path = '' } = request.params as { readonly '*'?: string };
    const file = known.get(path);
    void reply.header('content-security-policy', uiPolicy);
    void reply.header('x-content-type-options', 'nosniff');
    void reply.header('referrer-policy', 'no-referrer');
    if (file !== undefined && path !== document) return sent(request, reply, file, path);
    // A name of a channel or of a memory entry may end as a file's does: it stands below the page's word.
    if (/^(assets\/|\.\.|[^/]*\.[a-z]+$)/.test(path)) {
      throw heddleError('route-unknown', { method: request.method, path: `/ui/${path}` });
    }
    opened();
    return sentDocument(reply, known, prefix);
  };
  app.get('/ui', hide, answer);
  app.get('/ui/*', hide, answer);
}

function sent(
  request: FastifyRequest,
  reply: FastifyReply,
  { type, etag, bytes, packed }: UiFile,
  path: string,
): FastifyReply {
  const tag = `"${etag}"`;
  const cache = path.startsWith('assets/') ? 'public, max-age=31536000, immutable' : 'no-cache';
  void reply.header('content-type', type).header('etag', tag).header('cache-control', cache);
  void reply.header('vary', 'accept-encoding');
  if (request.headers['if-none-match'] === tag) return reply.code(304).send();
  const isPacked = /\bbr\b/.test(request.headers['accept-encoding'] ?? '');
  return isPacked ? reply.header('content-encoding', 'br').send(packed) : reply.send(bytes);
}

/** With the prefix under which an application serves it, from where its files and the API are found. */
function sentDocument(reply: FastifyReply, files: UiFiles, prefix: string): FastifyReply {
  const text = files.get(document)?.bytes.toString() ?? '';
  const base = prefix.replaceAll('"', '&quot;');
  const html = text
    .replaceAll('"./', `"${base}/ui/`)
    .replace('name="heddle-base" content=""', `name="heddle-base" content="${base}"`);
  return reply.type('text/html; charset=utf-8').header('cache-control', 'no-cache').send(html);
}
