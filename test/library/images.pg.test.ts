/** Images from a host and of conversations, on a real Postgres: as large as they may be, and never larger. */
import { createHash, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { GenerateRequest, Heddle, ImageInput, Provider } from '../../src/index.ts';
import { limits } from '../../src/domain/limits.ts';
import { imagePartsOf } from '../../src/domain/model/images.ts';
import { openPostgresStore } from '../../src/store/postgres/postgres-store.ts';
import { withClient } from '../store/postgres/database.ts';
import { openHeddle } from '../support/heddle.ts';
import { testDatabase } from '../support/postgres.ts';

const url = await testDatabase();
const { oneImageBytesMax } = limits;
const inputs: GenerateRequest[] = [];
const model: Provider = {
  name: 'model',
  ceiling: 4,
  supports: { images: 'bytes' },
  call: ({ input }) => {
    inputs.push(input);
    const usage = { inputTokens: 1, outputTokens: 1 };
    const about = { usage, stopReason: 'end', provider: 'model', model: 'm' };
    return Promise.resolve({ ...about, text: 'Seen.', toolCalls: [] });
  },
};

let heddle: Heddle;
beforeAll(async () => {
  const settings = { imageBytesMax: oneImageBytesMax + 1_000_000 };
  ({ heddle } = await openHeddle(url, { providers: [model], settings }));
});
afterAll(() => heddle.close());

const seen = () => imagePartsOf(inputs.at(-1)?.messages ?? []);
const mediaType = 'image/webp';
const say = (...parts: readonly object[]) => ({
  do: 'generate',
  with: { conversation: 'main', messages: [{ role: 'user', content: parts }] },
});

it('the largest image is stored once, and reaches the model byte for byte', async () => {
  const bytes = randomBytes(oneImageBytesMax);
  const given = { mediaType, data: bytes };
  const part = await heddle.storeImage(given);
  expect(await heddle.storeImage({ mediaType, data: bytes.toString('base64') })).toEqual(part);
  const run = await heddle.start('script', { input: { steps: [say(part), say()] } });
  await run.output({ timeoutMs: 60_000 });
  expect(inputs).toHaveLength(2);
  const [image] = seen();
  expect(image).toMatchObject({ type: 'image', mediaType });
  const data = image !== undefined && 'data' in image ? image.data : '';
  expect(Buffer.from(data, 'base64').equals(bytes)).toBe(true);
  // Its tenant has no room for as much again; another tenant has.
  await expect(
    heddle.storeImage({ mediaType, data: randomBytes(oneImageBytesMax) }),
  ).rejects.toMatchObject({
    code: 'quota-exceeded',
    detail: { setting: 'imageBytesMax', resource: 'bytes of images' },
  });
  await heddle.storeImage({ ...given, tenant: 'another' });
});

it('a large image of a call stands in its table and not in the row', async () => {
  const bytes = randomBytes(limits.imageInlineBytesMax + 1);
  const image = { type: 'image', mediaType, data: bytes.toString('base64') };
  const run = await heddle.start('script', { input: { steps: [say(image), say()] } });
  await run.output({ timeoutMs: 60_000 });
  expect(seen().map((one) => 'data' in one && one.data === image.data)).toEqual([true]);
  await withClient(url, async (client) => {
    const { rows } = await client.query(
      `select max(length(message))::int as longest from heddle.conversation_entries where run_id = $1`,
      [run.id],
    );
    expect(rows).toMatchObject([{ longest: expect.toSatisfy((n: number) => n < 1_000) as number }]);
    const kept = await client.query(
      `select encode(sha256(m.bytes), 'hex') as sha256 from heddle.images m join heddle.run_images u using (tenant, sha256)
        where u.run_id = $1`,
      [run.id],
    );
    expect(kept.rows).toEqual([{ sha256: createHash('sha256').update(bytes).digest('hex') }]);
  });
});

describe('is refused by field, and nothing is stored', () => {
  it.each<readonly [string, unknown, string]>([
    ['no options', null, 'storeImage'],
    ['an unknown option', { mediaType, data: 'AAAA', url: 'https://a.b/c' }, 'storeImage.url'],
    ['no media type', { data: 'AAAA' }, 'storeImage.mediaType'],
    ['another media type', { mediaType: 'text/html', data: 'AAAA' }, 'storeImage.mediaType'],
    ['no bytes', { mediaType }, 'storeImage.data'],
    ['empty bytes', { mediaType, data: new Uint8Array(0) }, 'storeImage.data'],
    ['an empty text', { mediaType, data: '' }, 'storeImage.data'],
    ['what is no base64', { mediaType, data: 'A-:A' }, 'storeImage.data'],
    ['a cut base64', { mediaType, data: 'AAAAA' }, 'storeImage.data'],
    ['numbers', { mediaType, data: [1, 2, 3] }, 'storeImage.data'],
    ['words of 16 bits', { mediaType, data: new Uint16Array(2) }, 'storeImage.data'],
    ['too many bytes', { mediaType, data: Buffer.alloc(oneImageBytesMax + 1) }, 'storeImage.data'],
    [
      'too many in base64',
      { mediaType, data: Buffer.alloc(oneImageBytesMax + 1).toString('base64') },
      'storeImage.data',
    ],
    ['a tenant without a name', { mediaType, data: 'AAAA', tenant: '' }, 'tenant'],
  ])('%s', async (_, given, field) => {
    await expect(heddle.storeImage(given as ImageInput)).rejects.toMatchObject({
      code: 'invalid-field',
      detail: { field },
    });
  });
});

it('a view of a larger buffer is stored as what it shows', async () => {
  const data = new Uint8Array([9, 1, 2, 3, 9]).subarray(1, 4);
  const part = await heddle.storeImage({ mediaType, data, tenant: 'views' });
  data.fill(0);
  const same = await heddle.storeImage({ mediaType, data: 'AQID', tenant: 'views' });
  expect(part).toEqual(same);
});

it('a use goes with its run, also where the image stays', async () => {
  const part = await heddle.storeImage({ mediaType, data: 'AAAB' });
  const run = await heddle.start('script', { input: { steps: [say(part)] } });
  await run.output({ timeoutMs: 60_000 });
  const store = await openPostgresStore({ connectionString: url });
  const usesOf = () =>
    withClient(url, async (client) => {
      const ask = 'select sha256 from heddle.run_images where run_id = $1';
      return (await client.query<{ sha256: string }>(ask, [run.id])).rows;
    });
  try {
    expect(await usesOf()).toEqual([{ sha256: part.sha256 }]);
    await store.prune({ olderThanMs: 0, limit: 10 });
    expect(await usesOf()).toEqual([]);
    const read = { tenant: run.tenant, sha256: part.sha256, bytesMax: 10 };
    expect(await store.image(read)).toMatchObject({ size: 3 });
  } finally {
    await store.close();
  }
});

it('uses that an earlier release left when it deleted their runs keep no image', async () => {
  const part = await heddle.storeImage({ mediaType, data: 'AAAA', tenant: 'earlier' });
  const store = await openPostgresStore({ connectionString: url });
  try {
    await withClient(url, async (client) => {
      await client.query(
        `insert into heddle.run_images (tenant, sha256, run_id) values ('earlier', $1, gen_random_uuid())`,
        [part.sha256],
      );
      await client.query(
        `update heddle.images set stored_at = stored_at - interval '2 days' where tenant = 'earlier'`,
      );
      await store.prune({ olderThanMs: 0, limit: 10 });
      const left = await client.query(
        `select 1 from heddle.run_images where tenant = 'earlier'
          union all select 1 from heddle.images where tenant = 'earlier'`,
      );
      expect(left.rows).toEqual([]);
    });
  } finally {
    await store.close();
  }
});

it('retention leaves an image that is put to use while it looks', async () => {
  const part = await heddle.storeImage({ mediaType, data: 'AAAA', tenant: 'raced' });
  const store = await openPostgresStore({ connectionString: url });
  try {
    await withClient(url, async (client) => {
      await client.query(
        `update heddle.images set stored_at = stored_at - interval '2 days' where tenant = 'raced'`,
      );
      // What a turn's statement does, in a commit that is still under way.
      await client.query('begin');
      await client.query(`update heddle.images set stored_at = now() where tenant = 'raced'`);
      await store.prune({ olderThanMs: 0, limit: 10 });
      await client.query('commit');
    });
    const read = { tenant: 'raced', sha256: part.sha256, bytesMax: 10 };
    expect(await store.image(read)).toMatchObject({ size: 3 });
  } finally {
    await store.close();
  }
});
