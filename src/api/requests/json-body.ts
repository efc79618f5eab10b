/** Bodies are JSON in UTF-8 and nothing else, whatever else the application around the routes takes. */
import type { FastifyInstance } from 'fastify';
import { heddleError } from '../../domain/errors.ts';
import { lostNumber, lostWords } from '../../domain/plain/exact-numbers.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** What a parser of JSON refuses, or what `JSON.parse` takes: then it is a key that reaches every object. */
function refusalIn(text: string): ReturnType<typeof heddleError> | null {
  try {
    JSON.parse(text);
  } catch {
    return null;
  }
  const reason =
    'it has a key __proto__, or a key constructor with a prototype; give it another name';
  return heddleError('invalid-json', { field: 'body', reason });
}

/**
 * Bytes that are no UTF-8 are refused: read as replacement characters they would be kept as another text. So are
 * numbers that would be kept as other ones, each by its field.
 */
export function takeJsonAlone(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  const parsed = app.getDefaultJsonParser('error', 'error');
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, bytes, done) => {
    const encoding = request.headers['content-encoding'] ?? 'identity';
    if (encoding.toLowerCase() !== 'identity') {
      const reason = `it is sent with Content-Encoding ${encoding.slice(0, 64)}; send it without one`;
      done(heddleError('invalid-json', { field: 'body', reason }));
      return;
    }
    let text: string;
    try {
      text = utf8.decode(bytes as Buffer);
    } catch {
      done(heddleError('invalid-json', { field: 'body', reason: 'it is not UTF-8' }));
      return;
    }
    return parsed(request, text, (error: Error | null, body?: unknown) => {
      if (error !== null) return done(refusalIn(text) ?? error);
      const lost = lostNumber(text, 'body');
      if (lost === null) return done(null, body);
      done(heddleError('invalid-field', { field: lost.path, reason: lostWords(lost) }));
    });
  });
}
