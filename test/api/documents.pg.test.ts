/** The document and the page that are made from the table of routes. */
import { expect, it } from 'vitest';
import { routes } from '../../src/api/routes.ts';
import { testDatabase } from '../support/postgres.ts';
import { served } from './served.ts';

const { ask } = await served(await testDatabase());

it('the OpenAPI document has each route, its answers, and problems as problems', async () => {
  const { body } = await ask('GET', '/openapi.json');
  expect(body.openapi).toBe('3.1.0');
  for (const { method, path, summary, answers } of routes) {
    const at = path.replaceAll(/:(\w+)/g, '{$1}');
    const operation = body.paths[at]?.[method.toLowerCase()];
    expect(operation?.summary, `${method} ${path}`).toBe(summary);
    for (const status of Object.keys(answers)) expect(operation.responses).toHaveProperty(status);
    expect(Object.keys(operation.responses['4XX'].content)).toEqual(['application/problem+json']);
  }
  expect(body.components.schemas).toHaveProperty('Run');
});

it('/docs names each route and each error, and loads nothing', async () => {
  const { status, headers, body } = await ask('GET', '/docs');
  expect(status).toBe(200);
  expect(headers.get('content-security-policy')).toContain("default-src 'none'");
  for (const { method, path } of routes) {
    expect(body).toContain(`${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`);
  }
  expect(body).toContain('id="run-unknown"');
  expect(body).not.toMatch(/<script|<link|<img|src=|href="http|url\(/);
});
