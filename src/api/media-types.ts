/** What the OpenAPI document says of the bytes of answers: Fastify's schemas take all of them for JSON. */

type Content = Record<string, { schema?: unknown }>;

/** What is no JSON is a text, or bytes, whatever the route's schema says of it within JSON. */
const schemaOf = (type: string): object =>
  type.startsWith('text/') ? { type: 'string' } : { type: 'string', format: 'binary' };

/** Problems have a media type of their own; other answers that are no JSON have a schema of their own. */
export function withMediaTypes<Given>(document: Given): Given {
  const { paths = {} } = document as { paths?: Record<string, Record<string, unknown>> };
  for (const operations of Object.values(paths)) {
    for (const operation of Object.values(operations)) {
      const { responses = {} } = operation as { responses?: Record<string, { content?: Content }> };
      for (const [status, response] of Object.entries(responses)) {
        const { content } = response;
        if (content === undefined) continue;
        const [first] = Object.values(content);
        if (/^[45]/.test(status) && first !== undefined) {
          response.content = { 'application/problem+json': first };
          continue;
        }
        for (const type of Object.keys(content)) {
          if (type !== 'application/json') content[type] = { schema: schemaOf(type) };
        }
      }
    }
  }
  return document;
}
