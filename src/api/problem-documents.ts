/** Problems in the OpenAPI document. */

/** Problems have a media type of their own, which a schema of Fastify's cannot say. */
export function asProblems<Given>(document: Given): Given {
  const { paths = {} } = document as { paths?: Record<string, Record<string, unknown>> };
  for (const operations of Object.values(paths)) {
    for (const operation of Object.values(operations)) {
      const { responses = {} } = operation as {
        responses?: Record<string, { content?: Record<string, unknown> }>;
      };
      for (const [status, response] of Object.entries(responses)) {
        const schema = response.content?.['application/json'];
        if (/^[45]/.test(status) && schema !== undefined) {
          response.content = { 'application/problem+json': schema };
        }
      }
    }
  }
  return document;
}
