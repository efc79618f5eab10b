/** Memory entries are chains of versions: who wrote which, and what races over one key come to. */
import { describe, expect, it } from 'vitest';
import { oneTenant } from '../../../src/access/scopes.ts';
import type { Json } from '../../../src/index.ts';
import { oneReplica } from '../../support/replica.ts';
import type { ScriptStep } from '../../support/script-agent.ts';

const remember = (key: string, value: Json, more: object = {}): ScriptStep => ({
  do: 'remember',
  with: { scope: 'user', key, value, ...more },
});
const recall = (key: string, more: object = {}): ScriptStep => ({
  do: 'recall',
  with: { scope: 'user', key, ...more },
});
const forget = (key: string, more: object = {}): ScriptStep => ({
  do: 'forget',
  with: { scope: 'user', key, ...more },
});

async function world() {
  const made = await oneReplica();
  const play = async (steps: readonly ScriptStep[], more: object = {}): Promise<Json> =>
    (await made.heddle.start('script', { input: { steps }, ...more })).output();
  return { ...made, play };
}

describe('remember and recall', () => {
  it('number the versions and name who wrote them', async () => {
    const { heddle, play } = await world();
    await play([remember('k', 'a'), remember('k', 'b')]);
    const run = await heddle.start('script', { input: { steps: [remember('k', 'c')] } });
    await run.output();
    expect(await play([recall('k', { history: 5 })])).toMatchObject([
      {
        done: {
          found: true,
          version: 3,
          value: 'c',
          history: [
            { version: 2, parent: 1, value: 'b', deleted: false },
            { version: 1, parent: null, value: 'a', turn: 1 },
          ],
        },
      },
    ]);
    expect(await heddle.recall({ scope: 'user' }, 'k')).toMatchObject({ version: 3, value: 'c' });
  });

  it('read in a turn what the turn has written', async () => {
    const { play } = await world();
    await play([remember('k', 'before')]);
    expect(
      await play([
        recall('k'),
        remember('k', 'mine'),
        recall('k', { history: 3 }),
        recall('k', { version: 9 }),
        forget('k'),
        recall('k', { history: 3 }),
        recall('k', { version: 2 }),
      ]),
    ).toMatchObject([
      { done: { version: 1, value: 'before' } },
      { done: { version: 2 } },
      { done: { version: 2, value: 'mine', history: [{ version: 1, value: 'before' }] } },
      { done: { found: false, version: 0, value: null } },
      { done: { version: 3 } },
      {
        done: { found: false, version: 0, value: null, history: [{ version: 2 }, { version: 1 }] },
      },
      { done: { found: true, version: 2, value: 'mine' } },
    ]);
  });

  it('find nothing where nothing is', async () => {
    const { play } = await world();
    expect(await play([recall('k'), recall('k', { version: 3, history: 2 }), forget('k')])).toEqual(
      [
        { done: { key: 'k', found: false, version: 0, value: null, history: [] } },
        { done: { key: 'k', found: false, version: 0, value: null, history: [] } },
        { done: { key: 'k', version: 0 } },
      ],
    );
  });

  it('give one certain version with those before it', async () => {
    const { play } = await world();
    await play([1, 2, 3, 4].map((value) => remember('k', value)));
    expect(await play([recall('k', { version: 3, history: 1 })])).toMatchObject([
      { done: { version: 3, value: 3, history: [{ version: 2, value: 2 }] } },
    ]);
  });
});

describe('scopes', () => {
  it('run, agent, user and tenant are four places', async () => {
    const { heddle, play } = await world();
    const scopes = ['run', 'agent', 'user', 'tenant'];
    const write = scopes.map((scope) => remember('k', scope, { scope }));
    const run = await heddle.start('script', { input: { steps: write } });
    await run.output();
    const owners = [
      { scope: 'run', runId: run.id },
      { scope: 'agent', agent: 'script' },
      { scope: 'user' },
      { scope: 'tenant' },
    ] as const;
    for (const owner of owners) {
      expect(await heddle.recall(owner, 'k')).toMatchObject({ value: owner.scope });
    }
    const read = scopes.map((scope) => recall('k', { scope }));
    expect(await play(read, { user: 'another' })).toMatchObject([
      { done: { found: false } },
      { done: { value: 'agent' } },
      { done: { found: false } },
      { done: { value: 'tenant' } },
    ]);
    expect(await play(read, { tenant: 'another' })).toMatchObject(
      scopes.map(() => ({ done: { found: false } })),
    );
  });
});

describe('compare and set', () => {
  it('writes on the version that it expects, and on no other', async () => {
    const { play } = await world();
    expect(
      await play([
        remember('k', 1, { expectedVersion: 0 }),
        remember('k', 2, { expectedVersion: 0 }),
        remember('k', 2, { expectedVersion: 1 }),
        remember('k', 3, { expectedVersion: 1 }),
        forget('k', { expectedVersion: 1 }),
        forget('k', { expectedVersion: 2 }),
        remember('k', 4, { expectedVersion: 0 }),
      ]),
    ).toMatchObject([
      { done: { version: 1 } },
      { failed: { code: 'memory-conflict', detail: { actual: 1, expected: 0 } } },
      { done: { version: 2 } },
      { failed: { code: 'memory-conflict', detail: { actual: 2, expected: 1 } } },
      { failed: { code: 'memory-conflict' } },
      { done: { version: 3 } },
      // What was deleted does not exist; its chain goes on all the same.
      { done: { version: 4 } },
    ]);
  });

  it('is won by one of many runs that expect the same version', async () => {
    const { heddle, store } = await world();
    const starts = Array.from({ length: 60 }, (_, i) => ({
      agent: 'script',
      input: { steps: [remember('k', i, { expectedVersion: 0 })] },
    }));
    const runs = await heddle.startAll(starts);
    const outputs = (await Promise.all(runs.map((run) => run.output()))) as unknown as object[][];
    expect(outputs.filter(([result]) => 'done' in (result ?? {}))).toHaveLength(1);
    expect(await store.audit(oneTenant('default'))).toMatchObject({
      memoryVersions: 1,
      memoryGaps: 0,
    });
  });

  it('without an expectation every write of a race is kept', async () => {
    const { heddle, store } = await world();
    const starts = Array.from({ length: 80 }, (_, i) => ({
      agent: 'script',
      input: { steps: [remember('k', { [i]: i }, { merge: true })] },
    }));
    for (const run of await heddle.startAll(starts)) await run.output();
    const { version, value } = await heddle.recall({ scope: 'user' }, 'k');
    expect(version).toBe(80);
    expect(Object.keys(value as object)).toHaveLength(80);
    expect(await store.audit(oneTenant('default'))).toMatchObject({
      memoryEntries: 1,
      memoryGaps: 0,
    });
  });
});

describe('merge', () => {
  it('is that of RFC 7386', async () => {
    const { play, heddle } = await world();
    const merge = (value: Json) => remember('k', value, { merge: true });
    await play([
      merge({ a: { b: 1, c: [1, 2] }, d: 1 }),
      merge({ a: { b: null, e: 'x' }, f: { g: null } }),
      merge({ a: { c: [3] }, constructor: { h: 1 } }),
    ]);
    expect((await heddle.recall({ scope: 'user' }, 'k')).value).toEqual({
      a: { c: [3], e: 'x' },
      d: 1,
      f: {},
      constructor: { h: 1 },
    });
    await play([merge('no object')]);
    expect((await heddle.recall({ scope: 'user' }, 'k')).value).toBe('no object');
    await play([merge({ a: 1 })]);
    expect((await heddle.recall({ scope: 'user' }, 'k')).value).toEqual({ a: 1 });
  });
});

describe('memory from outside', () => {
  it('writes versions, names no run, and competes fairly', async () => {
    const { heddle } = await world();
    const user = { scope: 'user', user: 'u' } as const;
    expect(await heddle.remember(user, 'k', { a: 1 })).toEqual({ key: 'k', version: 1 });
    await expect(heddle.remember(user, 'k', 2, { expectedVersion: 0 })).rejects.toMatchObject({
      code: 'memory-conflict',
      status: 409,
    });
    const writes = await Promise.all([2, 3, 4].map((value) => heddle.remember(user, 'k', value)));
    expect(writes.map(({ version }) => version).sort((a, b) => a - b)).toEqual([2, 3, 4]);
    const { history } = await heddle.recall(user, 'k', { history: 9 });
    expect(history.map(({ version, runId }) => [version, runId])).toEqual([
      [3, null],
      [2, null],
      [1, null],
    ]);
  });

  it('takes an entry that was deleted for one that does not exist', async () => {
    const { heddle, play } = await world();
    await play([remember('k', 1), forget('k')]);
    expect(await heddle.recall({ scope: 'user' }, 'k')).toMatchObject({ found: false, version: 0 });
    expect(await heddle.remember({ scope: 'user' }, 'k', 2, { expectedVersion: 0 })).toEqual({
      key: 'k',
      version: 3,
    });
  });
});

describe('bad input', () => {
  it('names the field and changes nothing (promise 11)', async () => {
    const { play, heddle, store } = await world();
    const output = await play([
      { do: 'remember', with: { scope: 'user', key: 'k' } },
      remember('k', 1, { scope: 'world' }),
      remember('', 1),
      remember('k', 1, { expectedVersion: -1 }),
      remember('k', 1, { merge: 'yes' }),
      recall('k', { version: 0 }),
      recall('k', { history: 1_001 }),
      forget('k', { value: 1 }),
    ]);
    const failures = output as unknown as { failed: { detail: { field: string } } }[];
    expect(failures.map(({ failed }) => failed.detail.field)).toEqual([
      'remember.value',
      'remember.scope',
      'remember.key',
      'remember.expectedVersion',
      'remember.merge',
      'recall.version',
      'recall.history',
      'forget.value',
    ]);
    const refused = { code: 'invalid-field' };
    await expect(heddle.recall({ scope: 'world' as 'user' }, 'k')).rejects.toMatchObject(refused);
    await expect(heddle.recall({ scope: 'run' }, 'k')).rejects.toMatchObject(refused);
    await expect(heddle.recall({ scope: 'agent' }, 'k')).rejects.toMatchObject(refused);
    const bad = heddle.recall({ scope: 'user' }, 'k', { version: 1.5 });
    await expect(bad).rejects.toMatchObject(refused);
    await expect(
      heddle.remember({ scope: 'user' }, 'k', 1, { expectedVersion: -1 }),
    ).rejects.toMatchObject(refused);
    expect(await store.audit(oneTenant('default'))).toMatchObject({ memoryEntries: 0 });
  });
});
