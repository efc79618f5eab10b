/** Bodies are JSON in UTF-8 and nothing else, whatever else the application around the routes takes. */
import type { FastifyInstance } from 'fastify';
import { heddleError } from '../../domain/errors.ts';
import { lostNumber, lostWords } from '../../domain/plain/exact-numbers.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Bytes that are no UTF-8 are refused: read as replacement characters they would be kept as another text. So are
 * numbers that would be kept as other ones, each by its field.
 */
export function takeJsonAlone(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  const parsed = app.getDefaultJsonParser('error', 'error');
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, bytes, done) => {
    let text: string;
    try {
      text = utf8.decode(bytes as Buffer);
    } catch {
      done(heddleError('invalid-json', { field: 'body', reason: 'it is not UTF-8' }));
      return;
    }
    return parsed(request, text, (error: Error | null, body?: unknown) => {
      const lost = error === null ? lostNumber(text, 'body') : null;
      if (lost === null) return done(error, body);
      done(heddleError('invalid-field', { field: lost.path, reason: lostWords(lost) }));
    });
  });
}
