/** Commands to many runs, children, and runs that are begun once more, over HTTP and the client. */
import { expect, it } from 'vitest';
import { setup } from 'xstate';
import { z } from 'zod';
import { createClient } from '../../src/client/index.ts';
import { approval } from '../../machines/examples/approval.ts';
import { eventually } from '../support/heddle.ts';
import { testDatabase } from '../support/postgres.ts';
import { called } from '../cli/called.ts';
import { served } from './served.ts';

const strict = setup({}).createMachine({
  id: 'strict',
  initial: 'end',
  states: { end: { type: 'final' } },
});
const parent = setup({ actors: { approval } }).createMachine({
  id: 'parent',
  initial: 'asks',
  states: { asks: { invoke: { src: 'approval', input: { request: 'of a child' } } } },
});

const url = await testDatabase();
const a = await served(
  url,
  {},
  {
    agents: [
      approval,
      parent,
      { machine: strict, version: '1', input: z.object({ n: z.number() }) },
    ],
  },
);
const { runs } = createClient({ url: a.url });

const asks = { input: { request: 'a new loom' } };

async function begun(pipeline: string, count: number): Promise<string[]> {
  const starts = Array.from({ length: count }, () => ({ agent: 'approval', pipeline, ...asks }));
  const ids = (await runs.startAll(starts)).map(({ id }) => id);
  await eventually(async () => {
    expect((await runs.list({ pipeline, status: ['waiting-on-person'] })).items).toHaveLength(
      count,
    );
  });
  return ids;
}

it('a command reaches the open runs that a filter means, once their count is known', async () => {
  const ids = await begun('bulk', 3);
  const other = await begun('beside', 1);
  const filter = { pipeline: 'bulk' };
  expect(await runs.meant('pause', filter)).toBe(3);
  expect(await runs.meant('resume', filter)).toBe(0);
  await expect(runs.command('pause', filter, { matches: 2 })).rejects.toMatchObject({
    code: 'more-match',
    status: 409,
  });
  expect(await runs.meant('pause', filter)).toBe(3);
  const done = await runs.command('pause', filter, { matches: 3, reason: 'the wool is out' });
  expect(done).toEqual({ done: 3, left: 0, runIds: expect.any(Array), cursor: '' });
  expect(done.runIds.toSorted()).toEqual(ids.toSorted());
  await eventually(async () => expect(await runs.meant('resume', filter)).toBe(3));
  expect((await runs.get(ids[0] ?? '')).reason).toBe('the wool is out');
  expect(await runs.command('pause', filter, { matches: 0 })).toMatchObject({ done: 0, left: 0 });
  // Paused ones are cancelled too, and a count that was larger is no reason to refuse.
  expect(await runs.command('cancel', filter, { matches: 9 })).toMatchObject({ done: 3, left: 0 });
  await eventually(async () => expect(await runs.meant('cancel', filter)).toBe(0));
  expect((await runs.get(other[0] ?? '')).status).toBe('waiting-on-person');
});

it('a wrong command to many is refused by its field', async () => {
  const said = async (path: string, body: unknown) => {
    const reply = await a.ask('POST', path, body);
    return [reply.status, reply.body.code, String(reply.body.detail).split(' ')[0]];
  };
  const given = { command: 'cancel', filter: {}, matches: 1 };
  const wrong: readonly (readonly [object, string])[] = [
    [{ ...given, command: 'end' }, 'body.command'],
    [{ ...given, matches: -1 }, 'body.matches'],
    [{ ...given, matches: undefined }, 'body.matches'],
    [{ ...given, filter: { status: ['ended'] } }, 'body.filter.status.0'],
    [{ ...given, filter: { code: 'x' } }, 'body.filter'],
    [{ ...given, filter: { tag: 'red' } }, 'body.filter.tag'],
    [{ ...given, cursor: 'abc' }, 'body.cursor'],
    [{ ...given, reason: 7 }, 'body.reason'],
  ];
  for (const [body, field] of wrong) {
    const [status, code, at] = await said('/v1/runs/commands', body);
    expect([status, code], field).toEqual([400, 'invalid-field']);
    expect(at).toContain(field);
  }
  await expect(a.heddle.listing.command('cancel', {}, {} as never)).rejects.toMatchObject({
    detail: { field: 'bulk.matches' },
  });
  await expect(a.heddle.listing.meant('end' as never, {})).rejects.toMatchObject({
    detail: { field: 'bulk.command' },
  });
});

it('a run shows its children', async () => {
  const { id } = await runs.start('parent');
  await eventually(async () => expect((await runs.children(id)).runs).toHaveLength(1));
  const { runs: below, isCut } = await runs.children(id, { depth: 1 });
  expect(below).toMatchObject([{ agent: 'approval', parentRunId: id, depth: 1 }]);
  expect(isCut).toBe(false);
  expect(await runs.children(below[0]?.id ?? '')).toEqual({ runs: [], isCut: false });
  expect((await runs.list({ parent: id })).items).toHaveLength(1);
  await expect(runs.children('ffffffff-0000-7000-8000-000000000000')).rejects.toMatchObject({
    code: 'run-unknown',
  });
  expect((await a.ask('GET', `/v1/runs/${id}/children?depth=99`)).status).toBe(400);
  const tree = await called('children', id, '--url', a.url);
  expect(tree.stdout).toMatch(new RegExp(`^${id}\n└─ ${below[0]?.id}  approval  \\S+\n$`));
  const listed = await called('children', id, '--json', '--url', a.url);
  expect(JSON.parse(listed.stdout)).toMatchObject([{ id: below[0]?.id, depth: 1 }]);
  expect(await called('children', id, '--depth', '17', '--url', a.url)).toMatchObject({ code: 2 });
});

it('a run is begun once more, with its input or another that fits, and once for a double click', async () => {
  const first = await runs.start('strict', { input: { n: 1 }, user: 'ann', tags: ['red'] });
  const again = await runs.rerun(first.id);
  const [before, after] = [await runs.get(first.id), await runs.get(again.id)];
  expect(again.id).not.toBe(first.id);
  expect(after).toMatchObject({ agent: 'strict', user: 'ann', input: { n: 1 } });
  expect(after.tags).toEqual(['red', `rerun-of:${first.id}`]);
  expect(after.pipeline).not.toBe(before.pipeline);
  const edited = await runs.rerun(again.id, { input: { n: 2 } });
  expect(await runs.get(edited.id)).toMatchObject({
    input: { n: 2 },
    tags: ['red', `rerun-of:${again.id}`],
  });
  await expect(runs.rerun(first.id, { input: { n: 'two' } })).rejects.toMatchObject({
    code: 'invalid-input',
    status: 400,
  });
  const key = { idempotencyKey: 'double' };
  const [one, two] = await Promise.all([runs.rerun(first.id, key), runs.rerun(first.id, key)]);
  expect(one.id).toBe(two.id);
  expect((await runs.list({ tag: [`rerun-of:${first.id}`] })).items).toHaveLength(2);
  await expect(runs.rerun('ffffffff-0000-7000-8000-000000000000')).rejects.toMatchObject({
    code: 'run-unknown',
  });
});
