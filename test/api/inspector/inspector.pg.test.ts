/** What Stately's own receiver gets from a server, over real sockets: actors, events, snapshots. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { agents as circuitAgents, startsOf } from '../../../src/circuits/circuit.ts';
import { startEmulator } from '../../../src/emulators/emulator.ts';
import { ollama } from '../../../src/index.ts';
import { closeAfterTest } from '../../support/closing.ts';
import { eventually } from '../../support/heddle.ts';
import { testDatabase } from '../../support/postgres.ts';
import { served } from '../served.ts';
import { deep, master, weaver } from './inspected-agents.ts';
import { connected, hasActors, newest, of, received } from './receiving.ts';

const databaseUrl = await testDatabase();
const agents = [weaver, master, deep];
const { heddle, url } = await served(databaseUrl, { inspect: true }, { agents });

it('a receiver gets a whole circuit: three agents, each from its first state to its end', async () => {
  const emulator = await startEmulator({ protocol: 'ollama', script: { latencyMs: 400 } });
  closeAfterTest(() => emulator.close());
  const providers = [ollama({ baseUrl: emulator.url, model: 'llama' })];
  const own = await served(
    await testDatabase(),
    { inspect: true },
    { agents: circuitAgents, providers },
  );
  closeAfterTest(() => own.close());
  const tenant = 'circuits/1-a';
  const { frames, ...rest } = received(own.url, `?user=u1&tenant=${encodeURIComponent(tenant)}`);
  await eventually(async () => expect(frames[0]?.type).toBe('@heddle.open'));
  const starts = startsOf(1, { mode: 'statechart', tenant, circuitsPerUser: 1 });
  const runs = await own.heddle.startAll(starts);
  await Promise.all(runs.map((run) => run.output({ timeoutMs: 60_000 })));
  const got = { frames, ...rest };
  await eventually(async () => {
    for (const { id } of runs) expect(newest(got, id)?.status).toBe('done');
  });
  for (const [at, { id }] of runs.entries()) {
    const [actor, ...more] = of(got, '@xstate.actor', id);
    expect(more).toEqual([]);
    const agent = starts[at]?.agent;
    expect(actor).toMatchObject({
      name: `${agent} · ${id.slice(-8)}`,
      rootId: id,
      id: null,
      _version: '0.7.2',
    });
    expect(actor?.createdAt).toMatch(/^\d{13}$/);
    expect(JSON.parse(actor?.definition ?? '')).toMatchObject({ id: agent });
    const events = of(got, '@xstate.event', id).map(({ event }) => event);
    // What was asked and answered is not sent.
    for (const event of events) expect(Object.keys(event)).toEqual(['type']);
    const kinds = events.map(({ type }) => type.replace(/\.actor\..*/, '.actor'));
    expect(kinds).toContain('xstate.done.actor');
    const told = of(got, '@heddle.dropped', id).reduce((sum, { events: n }) => sum + Number(n), 0);
    const past = `/v1/runs/${id}/journal?tenant=${encodeURIComponent(tenant)}`;
    const { turns } = (await own.ask('GET', past)).body as { turns: { entries: unknown[] }[] };
    const all = turns.flatMap(({ entries }) => entries).length;
    expect(events.length + told).toBeLessThanOrEqual(all);
    expect(events.length + told).toBeGreaterThan(0);
    expect(of(got, '@xstate.snapshot', id).at(-1)?.event).toEqual(events.at(-1));
  }
});

it('the definition is the whole chart, six states deep', async () => {
  const run = await heddle.start('deep', { tenant: 'deep' });
  const got = received(url, '?agent=deep&tenant=deep');
  await hasActors(got, 1);
  const [actor] = of(got, '@xstate.actor');
  const named = (_key: string, value: unknown): unknown =>
    typeof value === 'function' ? { type: value.name } : value;
  const chart: unknown = JSON.parse(JSON.stringify(deep.config, named));
  expect(JSON.parse(actor?.definition ?? '')).toEqual(chart);
  expect(actor?.definition).toContain('the bottom');
  const bottom = { s6: { s5: { s4: { s3: { s2: 's1' } } } } };
  expect(actor?.snapshot).toEqual({ status: 'active', value: bottom });
  await run.cancel();
  await eventually(async () => expect(newest(got, run.id)?.status).toBe('stopped'));
});

it('a late joiner begins with the newest snapshot, and never with the journal', async () => {
  const run = await heddle.start('weaver', { tenant: 'late' });
  for (let n = 0; n < 5; n++) await run.send({ type: 'TICK' });
  await eventually(async () => expect((await run.row()).turn).toBe(6));
  const got = received(url, '?agent=weaver&tenant=late');
  await hasActors(got, 1);
  await sleep(300);
  expect(got.frames.map(({ type }) => type)).toEqual(['@heddle.open', '@xstate.actor']);
  await run.send({ type: 'GO' });
  await eventually(async () => expect(newest(got, run.id)?.status).toBe('done'));
  expect(of(got, '@xstate.event').map(({ event }) => event)).toEqual([{ type: 'GO' }]);
  // And one who comes when it is over sees how it ended, if he names it.
  const after = received(url, `?run=${run.id}&tenant=late`);
  await hasActors(after, 1);
  expect(of(after, '@xstate.actor')[0]?.snapshot).toEqual({ status: 'done', value: 'done' });
});

it('who connects again gets the newest snapshot of what he missed', async () => {
  const run = await heddle.start('weaver', { tenant: 'again' });
  const first = await connected(url, '?agent=weaver&tenant=again');
  await hasActors(first, 1);
  first.webSocket.terminate();
  await first.closed;
  await run.send({ type: 'GO' });
  await run.output();
  const second = received(url, `?run=${run.id}&tenant=again`);
  await hasActors(second, 1);
  expect(newest(second, run.id)).toEqual({ status: 'done', value: 'done' });
  expect(of(second, '@xstate.actor')[0]?.sessionId).toBe(run.id);
});

it('a parent is told before its child, which names it and the root', async () => {
  const got = received(url, '?user=ann&tenant=family');
  await eventually(async () => expect(got.frames).toHaveLength(1));
  const run = await heddle.start('master', { tenant: 'family', user: 'ann' });
  await hasActors(got, 2);
  const [parent, child] = of(got, '@xstate.actor');
  expect(parent).toMatchObject({ sessionId: run.id, rootId: run.id });
  expect(parent).not.toHaveProperty('parentId');
  expect(child).toMatchObject({ rootId: run.id, parentId: run.id });
  expect(child?.name).toMatch(/^weaver · /);
  // Who comes later gets them in the same order, and so does who names the one or the other.
  for (const query of ['?user=ann', `?run=${run.id}`]) {
    const late = received(url, `${query}&tenant=family`);
    await hasActors(late, 2);
    expect(of(late, '@xstate.actor').map(({ sessionId }) => sessionId)).toEqual([
      run.id,
      child?.sessionId,
    ]);
  }
  const alone = received(url, `?run=${child?.sessionId}&tenant=family`);
  await hasActors(alone, 1);
  expect(of(alone, '@xstate.actor')[0]).toMatchObject({ rootId: run.id });
  expect(of(alone, '@xstate.actor')[0]).not.toHaveProperty('parentId');
  await run.send({ type: 'TELL' });
  await run.output();
  await eventually(async () => expect(newest(got, run.id)?.status).toBe('done'));
  const whole = received(url, `?run=${run.id}&tenant=family`);
  await hasActors(whole, 2);
});

it('a run that does much is told ten times a second at most, with what was left out', async () => {
  const run = await heddle.start('weaver', { tenant: 'fast' });
  const got = received(url, `?run=${run.id}&tenant=fast&context=false`);
  await hasActors(got, 1);
  const sinceMs = performance.now();
  let sends = 0;
  while (performance.now() - sinceMs < 2_000) {
    const some = Array.from({ length: 8 }, () => run.send({ type: 'TICK' }));
    await Promise.all(some);
    sends += some.length;
  }
  await run.send({ type: 'GO' });
  await run.output();
  await eventually(async () => expect(newest(got, run.id)?.status).toBe('done'));
  const tookMs = performance.now() - sinceMs;
  const snapshots = of(got, '@xstate.snapshot');
  expect(snapshots.length).toBeLessThanOrEqual(tookMs / 100 + 2);
  const dropped = of(got, '@heddle.dropped');
  const left = dropped.reduce((sum, { events }) => sum + Number(events), 0);
  expect(left).toBeGreaterThan(0);
  expect(dropped.at(-1)).toMatchObject({ sessionId: run.id, rootId: run.id, total: left });
  expect(of(got, '@xstate.event').length + left).toBe(sends + 1);
});

it('two receivers with other filters each get their own', async () => {
  const run = await heddle.start('weaver', { tenant: 'two', user: 'ann' });
  const other = await heddle.start('weaver', { tenant: 'two', user: 'bob' });
  await heddle.start('deep', { tenant: 'two', user: 'bob' });
  const byUser = received(url, '?user=bob&tenant=two');
  const byBoth = received(url, '?user=bob&agent=weaver&tenant=two');
  const byRun = received(url, `?run=${run.id}&tenant=two`);
  await hasActors(byUser, 2);
  await hasActors(byBoth, 1);
  await hasActors(byRun, 1);
  await other.send({ type: 'GO' });
  await other.output();
  await eventually(async () => expect(newest(byUser, other.id)?.status).toBe('done'));
  await eventually(async () => expect(newest(byBoth, other.id)?.status).toBe('done'));
  expect(byRun.frames.some(({ sessionId }) => sessionId === other.id)).toBe(false);
});

it(
  'at most 200 runs become actors, and it is told that more fit',
  { timeout: 120_000 },
  async () => {
    const starts = Array.from({ length: 230 }, () => ({ agent: 'weaver', tenant: 'many' }));
    await heddle.startAll(starts.slice(0, 205));
    const got = received(url, '?agent=weaver&tenant=many');
    await hasActors(got, 200);
    await eventually(async () => {
      expect(of(got, '@heddle.more').at(-1)).toMatchObject({ shown: 200, openNotShown: 5 });
    });
    await heddle.startAll(starts.slice(205));
    await eventually(async () => {
      expect(of(got, '@heddle.more').at(-1)).toMatchObject({ shown: 200, openNotShown: 30 });
    });
    expect(of(got, '@xstate.actor')).toHaveLength(200);
  },
);
