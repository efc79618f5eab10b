/** The document and the page that are made from the table of routes. */
import { expect, it } from 'vitest';
import { routes } from '../../src/api/routes.ts';
import { approval } from '../../machines/examples/approval.ts';
import { testDatabase } from '../support/postgres.ts';
import { served } from './served.ts';

const { ask, url } = await served(await testDatabase());

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

it('the document has the headers that a route takes, and a route gets no others', async () => {
  const { body } = await ask('GET', '/openapi.json');
  const given = new Map<string, readonly string[]>();
  for (const { method, path, headers = {}, keyed } of routes) {
    const operation = body.paths[path.replaceAll(/:(\w+)/g, '{$1}')][method.toLowerCase()];
    const told = (operation.parameters ?? []).filter((one: { in: string }) => one.in === 'header');
    const names = told.map((one: { name: string }) => one.name);
    expect(names, `${method} ${path}`).toEqual([
      ...Object.keys(headers),
      ...(keyed === 'no' ? [] : ['Idempotency-Key']),
    ]);
    for (const one of told)
      expect([one.required ?? false, one.schema.type]).toEqual([false, 'string']);
    given.set(`${method} ${path}`, names);
  }
  expect(given.get('POST /v1/runs')).toEqual(['Idempotency-Key']);
  expect(given.get('PUT /v1/memory/:scope/:owner/:key')).toEqual(['If-Match', 'If-None-Match']);
  expect(given.get('POST /v1/stream')).toEqual(['Last-Event-ID']);
  expect(given.get('GET /v1/runs')).toEqual([]);
});

it('what is read is of a media type that the document names', async () => {
  const { body } = await ask('GET', '/openapi.json');
  const newest = (await ask('GET', `/v1/agents/${approval.id}`)).body.version as string;
  const names: Readonly<Record<string, string>> = { agent: approval.id, version: newest };
  const seen = new Set<string>();
  for (const { method, path } of routes) {
    const at = path.replaceAll(/:(\w+)/g, (_, name: string) => names[name] ?? ':');
    if (method !== 'GET' || at.includes(':')) continue;
    const query = path === '/v1/stream' ? '?activity=true' : '';
    for (const accept of ['*/*', 'application/json']) {
      const end = new AbortController();
      const reply = await fetch(url + at + query, { headers: { accept }, signal: end.signal });
      const [type = ''] = (reply.headers.get('content-type') ?? '').split(';');
      const { content } = body.paths[path.replaceAll(/:(\w+)/g, '{$1}')].get.responses['200'];
      expect(reply.status, at).toBe(200);
      expect(Object.keys(content as object), at).toContain(type);
      const isJson = type === 'application/json';
      expect(isJson || content[type].schema.type === 'string', `${at} ${type}`).toBe(true);
      seen.add(type);
      end.abort();
    }
  }
  expect([...seen].toSorted()).toEqual([
    'application/json',
    'application/octet-stream',
    'text/event-stream',
    'text/plain',
  ]);
});

it('a route that has no Idempotency-Key in the document refuses one', async () => {
  const { body } = await ask('GET', '/openapi.json');
  const id = '01a228d2-d56b-735d-ba54-b1ab9c5db2ae';
  const asked = [
    ['get', '/v1/runs', '/v1/runs', undefined],
    ['delete', '/v1/memory/{scope}/{owner}/{key}', '/v1/memory/user/ann/x', undefined],
    [
      'post',
      '/v1/runs/commands/count',
      '/v1/runs/commands/count',
      { command: 'cancel', filter: {} },
    ],
    ['post', '/v1/runs/{runId}/cancel', `/v1/runs/${id}/cancel`, { reason: 'x' }],
    ['post', '/v1/channels/{channel}/messages', '/v1/channels/c/messages', { payload: 1 }],
  ] as const;
  for (const [method, path, at, sent] of asked) {
    const { parameters = [] } = body.paths[path][method];
    const takes = parameters.some((one: { name: string }) => one.name === 'Idempotency-Key');
    const reply = await ask(method.toUpperCase(), at, sent, { 'idempotency-key': 'k' });
    const refused = reply.body.errors?.[0]?.field === 'headers.idempotency-key';
    expect(refused, `${method} ${path}`).toBe(!takes);
  }
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
