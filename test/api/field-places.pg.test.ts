/** What is wrong is named as the client has sent it, whoever has found it: the schema of a route, or the library. */
import { expect, it, vi } from 'vitest';
import { createMachine } from 'xstate';
import { approval } from '../../machines/examples/approval.ts';
import { testDatabase } from '../support/postgres.ts';
import { script } from '../support/script-agent.ts';
import { served } from './served.ts';

const hurry = { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] };
const clerk = {
  machine: createMachine({ id: 'clerk', on: { hurry: {} } }),
  input: {
    type: 'object',
    properties: { lines: { type: 'array', items: { type: 'integer' } } },
    required: ['lines'],
  },
  events: { hurry },
};
const { ask, heddle } = await served(
  await testDatabase(),
  {},
  { agents: [script, approval, clerk] },
);

const { id: clerkId } = await heddle.start('clerk', { input: { lines: [1] } });
const { id: asks } = await heddle.start('approval', { input: { request: 'x' } });
await vi.waitFor(async () => expect(await heddle.questions()).toHaveLength(1), 20_000);
const [{ askId } = { askId: '' }] = await heddle.questions();

const runs = '/v1/runs';
const batch = '/v1/runs/batch';
const bulk = '/v1/runs/commands';
const nul = 'a\u0000';
const large = 'x'.repeat(1_100_000);
const topic = { kind: 'channel', channel: 'c' };
const of = (more: object) => ({ agent: 'script', input: { steps: [] }, ...more });
const told = (more: object) => ({ command: 'cancel', filter: {}, matches: 0, ...more });

it.each([
  // What the library checks.
  ['POST', runs, of({ tags: ['a,b'] }), 'body.tags.0'],
  ['POST', runs, of({ tags: ['ok', nul] }), 'body.tags.1'],
  ['POST', runs, of({ user: nul }), 'body.user'],
  ['POST', runs, of({ pipeline: nul }), 'body.pipeline'],
  ['POST', runs, of({ tenant: nul }), 'body.tenant'],
  ['POST', `${runs}?tenant=a%00`, of({}), 'query.tenant'],
  ['POST', runs, of({ input: { a: [nul] } }), 'body.input.a.0'],
  ['POST', runs, of({ input: { tags: nul } }), 'body.input.tags'],
  ['POST', runs, of({ input: large }), 'body.input'],
  ['POST', batch, { starts: [of({}), of({ tags: ['a,b'] })] }, 'body.starts.1.tags.0'],
  ['POST', batch, { starts: [of({ user: nul })] }, 'body.starts.0.user'],
  ['POST', batch, { starts: [of({}), of({ input: nul })] }, 'body.starts.1.input'],
  ['POST', `${runs}/${clerkId}/rerun`, { input: nul }, 'body.input'],
  ['POST', `${runs}/${clerkId}/events`, { type: 'xstate.init' }, 'body.type'],
  ['POST', `${runs}/${clerkId}/events`, { type: 'go', note: nul }, 'body.note'],
  ['POST', `${runs}/${clerkId}/cancel`, { reason: nul }, 'body.reason'],
  ['GET', `${runs}?tag=a%00`, undefined, 'query.tag.0'],
  ['GET', `${runs}?idPrefix=xyz`, undefined, 'query.idPrefix'],
  ['GET', `${runs}?cursor=MTphYmM`, undefined, 'query.cursor'],
  ['POST', bulk, told({ filter: { tag: ['ok', 'a,b'] } }), 'body.filter.tag.1'],
  ['POST', bulk, told({ filter: { agent: nul } }), 'body.filter.agent'],
  ['POST', bulk, told({ reason: nul }), 'body.reason'],
  ['POST', bulk, told({ cursor: 'MTphYmM' }), 'body.cursor'],
  ['POST', `${runs}/${clerkId}/answers`, { askId: nul, answer: 1 }, 'body.askId'],
  ['POST', '/v1/channels/a%00/messages', { payload: 1 }, 'params.channel'],
  ['POST', '/v1/channels/c/messages', { payload: { x: nul } }, 'body.payload.x'],
  ['POST', '/v1/channels/c/messages', { payload: large }, 'body.payload'],
  ['GET', '/v1/channels/a%00/messages', undefined, 'params.channel'],
  ['POST', '/v1/channels/c/groups/a%00/leases', {}, 'params.group'],
  ['POST', '/v1/memory/user/ann/k', { value: nul }, 'body.value'],
  ['POST', '/v1/memory/user/a%00/k', { value: 1 }, 'params.owner'],
  ['POST', '/v1/memory/run/ann/k', { value: 1 }, 'params.owner'],
  ['POST', '/v1/memory/user/ann/a%00', { value: 1 }, 'params.key'],
  ['PUT', '/v1/memory/user/ann/k', { value: 1 }, undefined],
  ['POST', `${runs}/${clerkId}/evaluations`, { score: 1, rationale: nul }, 'body.rationale'],
  ['GET', '/v1/evaluations?version=1', undefined, 'query.version'],
  ['GET', '/v1/evaluations?agent=a%00', undefined, 'query.agent'],
  ['GET', '/v1/questions?assignee=a%00', undefined, 'query.assignee'],
  ['GET', '/v1/questions?cursor=MTphYmM', undefined, 'query.cursor'],
  ['GET', '/v1/activity?from=5&to=1', undefined, 'query.from'],
  ['GET', '/v1/activity?step=7', undefined, 'query.step'],
  ['GET', `${runs}/${clerkId}/turns/99999`, undefined, 'params.turn'],
  ['PUT', '/v1/budgets/users/a%00', { tokens: 1 }, 'params.user'],
  ['GET', '/v1/stream?channel=c&lastEventId=x', undefined, 'query.lastEventId'],
  ['POST', '/v1/stream', { topics: [topic], lastEventId: 'x' }, 'body.lastEventId'],
  // What does not fit the schema of an agent or a question.
  ['POST', runs, { agent: 'clerk', input: { lines: [1, 'x'] } }, 'body.input.lines.1'],
  ['POST', runs, { agent: 'clerk' }, 'body.input'],
  [
    'POST',
    batch,
    { starts: [of({}), { agent: 'clerk', input: { lines: ['x'] } }] },
    'body.starts.1.input.lines.0',
  ],
  [
    'POST',
    batch,
    { starts: [{ agent: 'clerk', input: { lines: ['x'] } }] },
    'body.starts.0.input.lines.0',
  ],
  ['POST', `${runs}/${clerkId}/rerun`, { input: { lines: ['x'] } }, 'body.input.lines.0'],
  ['POST', `${runs}/${clerkId}/events`, { type: 'hurry', n: 'x' }, 'body.n'],
  ['POST', `${runs}/${asks}/answers`, { askId, answer: { approved: 'x' } }, 'body.answer.approved'],
  // What does not fit the schema of the route.
  ['POST', runs, of({ tags: ['ok', 7] }), 'body.tags.1'],
  ['GET', `${runs}?limit=0`, undefined, 'query.limit'],
] as const)('%s %s %j: %s', async (method, path, body, field) => {
  const reply = await ask(method, path, body);
  expect(reply.status, JSON.stringify(reply.body)).toBeGreaterThanOrEqual(400);
  expect(reply.body.errors?.[0]?.field, JSON.stringify(reply.body)).toBe(field);
  // The sentence says the same, where it names a field.
  if (['invalid-field', 'invalid-json'].includes(reply.body.code)) {
    expect(reply.body.detail).toContain(field);
  }
});

it('a header is named where it was sent', async () => {
  const reply = await ask('GET', '/v1/stream?channel=c', undefined, { 'last-event-id': 'x' });
  expect(reply.body.errors[0].field).toBe('headers.last-event-id');
});
