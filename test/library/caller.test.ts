/** The calls of a caller that is bound to one tenant: what is another's is as unknown as what is nowhere. */
import { expect, it } from 'vitest';
import { allTenants, oneTenant } from '../../src/access/scopes.ts';
import { oneReplica } from '../support/replica.ts';

const acme = oneTenant('acme');
const ends = { input: { steps: [] } };
const nowhere = '00000000-0000-7000-8000-000000000000';

async function world() {
  const { heddle } = await oneReplica();
  const own = await heddle.start('script', { ...ends, tenant: 'acme' });
  const foreign = await heddle.start('script', { ...ends, tenant: 'other' });
  return { heddle, own, foreign, bound: heddle.as(acme) };
}

it('a bound caller needs not name its tenant, and finds its own runs alone', async () => {
  const { bound, own } = await world();
  const found = await bound.run(own.id);
  expect(found.tenant).toBe('acme');
  expect(await found.status()).toBe(await own.status());
  expect((await bound.runs()).map(({ runId }) => runId)).toEqual([own.id]);
  expect((await bound.runs({ tenant: 'acme' })).length).toBe(1);
  expect((await bound.start('script', ends)).tenant).toBe('acme');
});

it("another tenant's run is as unknown as one that does not exist", async () => {
  const { bound, foreign } = await world();
  const thrown = async (asked: Promise<unknown>) =>
    asked.then(
      () => 'answered',
      ({ code, detail }: { code: string; detail: unknown }) => ({ code, detail }),
    );
  const ways = [{}, { tenant: 'acme' }];
  for (const options of ways) {
    const { id: runId } = foreign;
    expect(await thrown(bound.run(runId, options))).toEqual({
      code: 'run-unknown',
      detail: { runId },
    });
    expect(await thrown(bound.run(nowhere, options))).toEqual({
      code: 'run-unknown',
      detail: { runId: nowhere },
    });
  }
});

it('a request that names another tenant is refused in the same words, whether the tenant exists or not', async () => {
  const { heddle, bound, foreign } = await world();
  const group = { group: 'g' };
  const lease = { channel: 'news', seq: 1, token: nowhere } as never;
  const before = await heddle.audit({ tenant: 'other' });
  const calls: ((tenant: string) => Promise<unknown>)[] = [
    (tenant) => bound.start('script', { ...ends, tenant }),
    (tenant) =>
      bound.startAll([
        { agent: 'script', ...ends },
        { agent: 'script', ...ends, tenant },
      ]),
    (tenant) => bound.run(foreign.id, { tenant }),
    (tenant) => bound.run(nowhere, { tenant }),
    (tenant) => bound.runs({ tenant }),
    (tenant) => bound.openRunsByVersion({ tenant }),
    (tenant) => bound.publish('news', 1, { tenant }),
    (tenant) => bound.receive('news', { ...group, tenant }),
    (tenant) => bound.acknowledge(lease, { ...group, tenant }),
    (tenant) => bound.recall({ scope: 'tenant', tenant }, 'k'),
    (tenant) => bound.remember({ scope: 'tenant', tenant }, 'k', 1),
    (tenant) => bound.storeImage({ mediaType: 'image/png', data: 'AAAA', tenant }),
    (tenant) => bound.questions({ tenant }),
    (tenant) => bound.evaluations(foreign.id, { tenant }),
    (tenant) => bound.setBudget({ tenant }, { tokens: 1 }),
    (tenant) => bound.budget({ tenant, runId: foreign.id }),
    (tenant) => bound.audit({ tenant }),
  ];
  for (const call of calls) {
    for (const tenant of ['other', 'nobody']) {
      await expect(call(tenant), String(call)).rejects.toMatchObject({
        code: 'tenant-refused',
        detail: { tenant },
      });
    }
  }
  expect(await heddle.audit({ tenant: 'other' })).toEqual(before);
  expect(await heddle.budget({ tenant: 'other' })).toBeNull();
  expect((await bound.runs()).length).toBe(1);
});

it('providers are shared: a caller of one tenant neither sees nor reopens them', async () => {
  const { bound, heddle } = await world();
  const refusal = { code: 'tenants-all-needed', status: 403 };
  await expect(bound.providers()).rejects.toMatchObject(refusal);
  await expect(bound.reopenProvider('stub')).rejects.toMatchObject(refusal);
  await expect(bound.probeProvider('stub')).rejects.toMatchObject(refusal);
  expect(await heddle.as(allTenants).providers()).toEqual(await heddle.providers());
});

it('open runs are counted within the scope', async () => {
  const { heddle } = await oneReplica();
  const stays = { input: { steps: [{ do: 'ask', with: { question: '?' } }] } };
  await heddle.start('script', { ...stays, tenant: 'acme' });
  await heddle.start('script', { ...stays, tenant: 'other' });
  const open = async (of: Pick<typeof heddle, 'openRunsByVersion'>) =>
    (await of.openRunsByVersion()).counts.map((count) => count.open);
  expect(await open(heddle.as(acme))).toEqual([1]);
  expect(await open(heddle)).toEqual([2]);
});

it('the close refuses a bound caller too', async () => {
  const { heddle, bound } = await world();
  const closing = heddle.close();
  await expect(bound.runs()).rejects.toMatchObject({ code: 'closed' });
  await closing;
});
