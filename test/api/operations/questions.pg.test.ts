/** The operator's inbox over HTTP: open questions of all runs, found, paged, answered, on two replicas. */
import { expect, it } from 'vitest';
import { setup } from 'xstate';
import { catalogue } from '../../../src/index.ts';
import { testDatabase } from '../../support/postgres.ts';
import { served } from '../served.ts';

type Input = { readonly id: string; readonly assignee?: string };

/** Asks what its input says. */
const asker = setup({
  types: { input: {} as Input, context: {} as Input },
  actors: { ...catalogue },
});
const agentCalled = (id: string) =>
  asker.createMachine({
    id,
    context: ({ input }) => input,
    initial: 'asking',
    states: {
      asking: {
        invoke: {
          id: 'ask',
          src: 'ask',
          input: ({ context: { id, assignee } }) => {
            const of = { question: `${id}?`, schema: { type: 'integer' }, data: { id } };
            return assignee === undefined ? of : { ...of, assignee };
          },
          onDone: 'done',
        },
        on: { leave: 'done' },
      },
      done: { type: 'final' },
    },
  });
const agents = [agentCalled('clerk'), agentCalled('scribe')];

const url = await testDatabase();
const [a, b] = [await served(url, {}, { agents }), await served(url, {}, { agents })];

type Listed = { readonly question: string; readonly runId: string; readonly askId: string };

async function ask(tenant: string, agent: string, input: Input): Promise<string> {
  const started = await a.ask('POST', '/v1/runs', { agent, input, tenant });
  expect(started.status).toBe(202);
  const { id } = started.body as { id: string };
  await expect
    .poll(async () => (await b.ask('GET', `/v1/runs/${id}/questions?tenant=${tenant}`)).body, {
      timeout: 30_000,
    })
    .toMatchObject({ questions: [{ runId: id, agent }] });
  return id;
}

const list = async (query: string) => {
  const { status, body } = await b.ask('GET', `/v1/questions?${query}`);
  expect(status).toBe(200);
  return body as { readonly questions: readonly Listed[]; readonly cursor: string };
};
const words = async (query: string) =>
  (await list(query)).questions.map(({ question }) => question);

it('questions of all runs are found by assignee, agent and age, page by page', async () => {
  await ask('desk', 'clerk', { id: 'a', assignee: 'ann' });
  await ask('desk', 'scribe', { id: 'b', assignee: 'ben' });
  await ask('desk', 'scribe', { id: 'c', assignee: 'ann' });
  await ask('other', 'clerk', { id: 'd', assignee: 'ann' });
  expect((await list('tenant=desk')).questions[0]).toMatchObject({
    agent: 'clerk',
    assignee: 'ann',
    data: { id: 'a' },
    schema: { type: 'integer' },
  });
  expect(Object.keys((await list('tenant=desk')).questions[0]!)).not.toContain('place');
  expect(await words('tenant=desk')).toEqual(['a?', 'b?', 'c?']);
  expect(await words('tenant=desk&assignee=ann')).toEqual(['a?', 'c?']);
  expect(await words('tenant=desk&agent=scribe')).toEqual(['b?', 'c?']);
  expect(await words('tenant=desk&agent=scribe&assignee=ann')).toEqual(['c?']);
  expect(await words('tenant=desk&olderThanMs=3600000')).toEqual([]);
  expect(await words('tenant=desk&olderThanMs=1')).toHaveLength(3);
  const pages: string[] = [];
  for (let cursor = ''; ;) {
    const page = await list(`tenant=desk&limit=1&cursor=${cursor}`);
    pages.push(...page.questions.map(({ question }) => question));
    ({ cursor } = page);
    if (cursor === '') break;
  }
  expect(pages).toEqual(['a?', 'b?', 'c?']);
});

it('an answer, an event that closes it and a cancel take a question out of every list', async () => {
  const [answered, left, cancelled] = [
    await ask('gone', 'clerk', { id: 'a', assignee: 'ann' }),
    await ask('gone', 'clerk', { id: 'b', assignee: 'ann' }),
    await ask('gone', 'clerk', { id: 'c', assignee: 'ann' }),
  ];
  const { questions } = await list('tenant=gone&assignee=ann');
  const { askId } = questions.find(({ runId }) => runId === answered)!;
  const at = `/v1/runs/${answered}/answers?tenant=gone`;
  expect((await a.ask('POST', at, { askId, answer: 'many' })).body.code).toBe('answer-invalid');
  expect(await words('tenant=gone')).toHaveLength(3);
  expect((await a.ask('POST', at, { askId, answer: 7 })).status).toBe(202);
  // The list is of the commit that has accepted the answer: no wait is needed.
  expect(await words('tenant=gone')).toEqual(['b?', 'c?']);
  expect((await b.ask('POST', at, { askId, answer: 7 })).body.code).toMatch(
    /ask-(answered|unknown)/,
  );
  await a.ask('POST', `/v1/runs/${left}/events?tenant=gone`, { type: 'leave' });
  await b.ask('POST', `/v1/runs/${cancelled}/cancel?tenant=gone`, {});
  await expect.poll(() => words('tenant=gone'), { timeout: 30_000 }).toEqual([]);
});

it.each([
  ['limit=0', 'query.limit'],
  ['limit=1001', 'query.limit'],
  ['olderThanMs=-1', 'query.olderThanMs'],
  ['olderThanMs=9007199254740991', 'query.olderThanMs'],
  ['olderThanMs=soon', 'query.olderThanMs'],
  ['assignee=', 'query.assignee'],
  ['agent=%00', 'query.agent'],
  ['cursor=x', 'query.cursor'],
  [`cursor=${Buffer.from('1:').toString('base64url')}`, 'query.cursor'],
  [`cursor=${Buffer.from('1:7 no-run ask').toString('base64url')}`, 'query.cursor'],
  ['colour=red', 'query'],
])('%s is refused by its field', async (query, field) => {
  const { status, body } = await a.ask('GET', `/v1/questions?${query}`);
  expect([status, JSON.stringify(body)]).toEqual([400, expect.stringContaining(field)]);
});
