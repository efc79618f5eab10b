/** The OpenAPI document, its page, and the metrics: no part of `/v1`. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { docsPage } from './docs-page.ts';
import type { Metrics } from '../metrics.ts';

export function addPages(
  app: FastifyInstance,
  metrics: Metrics,
  admitScrape: (request: FastifyRequest, reply: FastifyReply) => Promise<void>,
): void {
  const hide = { schema: { hide: true } };
  // Everybody may ask for it, so it is made once.
  let page: string | null = null;
  app.get('/openapi.json', hide, async () => documentOf(app));
  app.get('/docs', hide, async (_, reply) => {
    page ??= docsPage(documentOf(app));
    return reply
      .header('content-type', 'text/html; charset=utf-8')
      .header('content-security-policy', "default-src 'none'; style-src 'unsafe-inline'")
      .send(page);
  });
  app.get('/metrics', hide, async (request, reply) => {
    await admitScrape(request, reply);
    return reply.header('content-type', metrics.contentType).send(await metrics.text());
  });
}

function documentOf(app: FastifyInstance): object {
  const document = app.heddleDocument?.();
  if (typeof document !== 'object') throw new TypeError('the document is made with the routes');
  return document;
}
