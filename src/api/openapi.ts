/** The OpenAPI document, where it says more than the schemas that Fastify checks. */
import { jsonSchemaTransform } from 'fastify-type-provider-zod';
import type { Route } from './route.ts';
import { headerParams } from './requests/header-params.ts';

type Given = Parameters<typeof jsonSchemaTransform>[0] & {
  readonly route: { readonly config?: { readonly route?: Route } };
};

/** Hidden from documents of the application's own, which know nothing of these schemas and tokens. */
export function operationOf({ schema, ...of }: Given): ReturnType<typeof jsonSchemaTransform> {
  const { route } = of.route.config ?? {};
  const hide = route === undefined;
  const transformed = jsonSchemaTransform({ ...of, schema: { ...schema, hide } });
  // Not among the schemas that Fastify checks: they are read, and refused, by who uses them.
  const headers = route === undefined ? null : headerParams(route);
  const produces = route?.mediaTypes;
  const further = {
    ...(headers === null ? {} : { headers }),
    ...(produces === undefined ? {} : { produces }),
  };
  return { ...transformed, schema: { ...transformed.schema, ...further } };
}

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
