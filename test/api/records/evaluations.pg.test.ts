/** Evaluations over HTTP: given by who has a token, listed, counted. */
import { expect, it } from 'vitest';
import { testDatabase } from '../../support/postgres.ts';
import { served } from '../served.ts';

const a = await served(await testDatabase());

async function ended(): Promise<string> {
  const { body } = await a.ask('POST', '/v1/runs', { agent: 'script', input: { steps: [] } });
  await a.ask('GET', `/v1/runs/${body.id}/output`);
  return String(body.id);
}

it('a run is evaluated from outside, and shows it; a wrong evaluation changes nothing', async () => {
  const id = await ended();
  const at = `/v1/runs/${id}/evaluations`;
  const given = await a.ask('POST', at, { score: 0.75, rationale: 'good enough' });
  expect(given).toMatchObject({ status: 201, body: { evaluationId: expect.any(String) } });
  const good = { score: 1, rationale: 'x' };
  for (const wrong of [
    { score: 1.1 },
    { score: -1 },
    { score: '1' },
    { score: null },
    { rationale: '' },
    { rationale: 'a\0b' },
    { rationale: '\ud800' },
    { rationale: 'x'.repeat(10_001) },
    { by: 'me' },
  ]) {
    const { status } = await a.ask('POST', at, { ...good, ...wrong });
    expect([JSON.stringify(wrong).slice(0, 40), status]).toEqual([
      JSON.stringify(wrong).slice(0, 40),
      400,
    ]);
  }
  const gone = `/v1/runs/${id.slice(0, -4)}0000/evaluations`;
  expect(await a.ask('POST', gone, good)).toMatchObject({ body: { code: 'run-unknown' } });
  expect(await a.ask('POST', `${at}?tenant=other`, good)).toMatchObject({ status: 404 });
  expect((await a.ask('GET', at)).body.evaluations).toMatchObject([
    { evaluationId: given.body.evaluationId, by: 'loopback', evaluatorRunId: null, score: 0.75 },
  ]);
});

it('evaluations are listed page by page and counted by agent and version', async () => {
  const id = await ended();
  const scores = [0.1, 0.2, 0.9];
  for (const score of scores) {
    await a.ask('POST', `/v1/runs/${id}/evaluations`, { score, rationale: 'ü "quoted" %00' });
  }
  const first = await a.ask('GET', `/v1/evaluations?runId=${id}&limit=2`);
  expect(first.body.evaluations.map(({ score }: { score: number }) => score)).toEqual([0.9, 0.2]);
  const rest = await a.ask('GET', `/v1/evaluations?runId=${id}&cursor=${first.body.cursor}`);
  expect(rest.body).toMatchObject({ evaluations: [{ score: 0.1, agent: 'script' }], cursor: '' });
  const { version } = rest.body.evaluations[0];
  const totals = await a.ask('GET', `/v1/evaluations/totals?agent=script&version=${version}`);
  expect(totals.body).toMatchObject({ isWhole: true, totals: [{ agent: 'script', version }] });
  expect(totals.body.totals[0].count).toBeGreaterThanOrEqual(3);
  expect((await a.ask('GET', '/v1/evaluations/totals?agent=none')).body.totals).toEqual([]);
  const none = await a.ask('GET', '/v1/evaluations?tenant=other');
  expect(none.body).toEqual({ evaluations: [], cursor: '' });
  for (const query of ['version=1', 'runId=x', 'agent=%00', 'cursor=x', 'limit=0', 'by=x']) {
    expect([query, (await a.ask('GET', `/v1/evaluations?${query}`)).status]).toEqual([query, 400]);
  }
});
