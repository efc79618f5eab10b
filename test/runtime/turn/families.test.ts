/** What moves a whole family of runs: pause and resume, a bound on generations, cancel; and word to listeners. */
import { createMachine, emit, setup } from 'xstate';
import { describe, expect, it } from 'vitest';
import { limits } from '../../../src/domain/limits.ts';
import { heldFromText } from '../../../src/runtime/turn/held.ts';
import { oneReplica } from '../../support/replica.ts';

const leaf = createMachine({ id: 'leaf', on: { GO: {} } });
const middle = setup({ actors: { leaf } }).createMachine({
  id: 'middle',
  invoke: { id: 'leaf', src: 'leaf', onError: {} },
});
const top = setup({ actors: { middle } }).createMachine({
  id: 'top',
  invoke: { id: 'middle', src: 'middle', onError: {} },
});

async function family() {
  const world = await oneReplica({ agents: [leaf, middle, top] });
  const run = await world.heddle.start('top');
  await world.clock.idle();
  const member = async (agent: string) => {
    const [row] = await world.heddle.runs({ agent });
    return world.heddle.run(row?.runId ?? '');
  };
  const statuses = async (): Promise<string[]> =>
    Promise.all(['top', 'middle', 'leaf'].map(async (agent) => (await member(agent)).status()));
  return { ...world, run, member, statuses };
}

describe('a pause', () => {
  it('pauses the family, and its resume takes it up again', async () => {
    const { run, clock, statuses, member } = await family();
    const before = await statuses();
    await run.pause('lunch');
    await clock.idle();
    expect(await statuses()).toEqual(['paused', 'paused', 'paused']);
    const { reason, heldText } = await (await member('leaf')).row();
    expect(reason).toContain('lunch');
    const held = heldFromText(heldText).pausedBy;
    expect(held).toEqual({ person: false, parent: true, by: 'library' });
    await run.resume();
    await clock.idle();
    expect(await statuses()).toEqual(before);
  });

  it.each(['before', 'after'])('leaves a child that a person paused %s it', async (when) => {
    const { run, clock, statuses, member } = await family();
    const child = await member('middle');
    if (when === 'before') await child.pause();
    await clock.idle();
    await run.pause();
    await clock.idle();
    if (when === 'after') await child.pause();
    await clock.idle();
    await run.resume();
    await clock.idle();
    expect(await statuses()).toEqual(['waiting-on-child', 'paused', 'paused']);
    await child.resume();
    await clock.idle();
    expect(await statuses()).toEqual(['waiting-on-child', 'waiting-on-child', 'waiting-on-person']);
  });

  it('of a child is ended by a person who resumes that child', async () => {
    const { run, clock, statuses, member } = await family();
    await run.pause();
    await clock.idle();
    await (await member('leaf')).resume();
    await clock.idle();
    expect(await statuses()).toEqual(['paused', 'paused', 'waiting-on-person']);
  });

  it('ends with a cancel of the family', async () => {
    const { run, clock, statuses } = await family();
    await run.pause();
    await clock.idle();
    await run.cancel();
    await clock.idle();
    expect(await statuses()).toEqual(['cancelled', 'cancelled', 'cancelled']);
  });
});

describe('an agent that invokes itself', () => {
  const endless = setup({ actors: { self: createMachine({ id: 'endless' }) } }).createMachine({
    id: 'endless',
    invoke: { id: 'self', src: 'self' },
  });

  it('ends at a bound, from the innermost on', { timeout: 120_000 }, async () => {
    const { heddle, clock } = await oneReplica({ agents: [endless] });
    const run = await heddle.start('endless');
    await clock.idle();
    await expect(run.output()).rejects.toMatchObject({ code: 'family-too-deep' });
    const rows = await heddle.runs({ limit: 1_000 });
    expect(rows).toHaveLength(limits.generationsMax + 1);
    expect(new Set(rows.map(({ status }) => status))).toEqual(new Set(['failed']));
  });

  it('is caught up with by a cancel', { timeout: 120_000 }, async () => {
    const patient = setup({ actors: { self: createMachine({ id: 'patient' }) } }).createMachine({
      id: 'patient',
      invoke: { id: 'self', src: 'self', onError: {} },
    });
    const { heddle, clock } = await oneReplica({ agents: [patient] });
    const run = await heddle.start('patient');
    await run.cancel();
    await clock.idle();
    const rows = await heddle.runs({ limit: 1_000 });
    expect(rows.every(({ endedAtMs }) => endedAtMs !== null)).toBe(true);
  });
});

describe('run.on', () => {
  const speaker = createMachine({
    id: 'speaker',
    on: { SAY: { actions: [emit({ type: 'said', n: 1 }), emit({ type: 'done' })] } },
  });

  it('hears what the chart emits, by type or all of it, until it is ended', async () => {
    const { heddle, clock } = await oneReplica({ agents: [speaker] });
    const run = await heddle.start('speaker');
    const heard: unknown[] = [];
    const one = run.on('said', (event) => heard.push(event));
    run.on('*', ({ type }) => heard.push(type));
    await run.send({ type: 'SAY' });
    await clock.idle();
    expect(heard).toEqual([{ type: 'said', n: 1 }, 'said', 'done']);
    one.unsubscribe();
    await run.send({ type: 'SAY' });
    await clock.idle();
    expect(heard).toHaveLength(5);
  });

  it('logs a listener that throws, and goes on', async () => {
    const { heddle, clock, warnings } = await oneReplica({ agents: [speaker] });
    const run = await heddle.start('speaker');
    run.on('said', () => {
      throw Object.create(null);
    });
    run.on('said', () => Promise.reject(new Error('late')));
    await run.send({ type: 'SAY' });
    await clock.idle();
    expect(warnings.filter((line) => line.startsWith('a listener threw'))).toHaveLength(2);
  });

  it('refuses what is no listener', async () => {
    const { heddle } = await oneReplica({ agents: [speaker] });
    const run = await heddle.start('speaker');
    expect(() => run.on('', () => undefined)).toThrow('on.type');
    expect(() => run.on('said', null as never)).toThrow('on.handler must be a function');
  });
});

describe('run.send', () => {
  it('warns of an event that the chart declares nowhere, once for a version and type', async () => {
    const { heddle, warnings } = await oneReplica({ agents: [leaf, middle] });
    const run = await heddle.start('leaf');
    await run.send({ type: 'GO' });
    expect(warnings).toEqual([]);
    const again = await heddle.run((await heddle.start('leaf')).id);
    for (const one of [run, run, again]) await one.send({ type: 'GOO' });
    expect(warnings).toEqual([expect.stringContaining('the chart declares no such event')]);
    await again.send({ type: 'GOOO' });
    await (await heddle.start('middle')).send({ type: 'GOO' });
    expect(warnings.slice(1)).toEqual([
      expect.stringContaining('"agent":"leaf"'),
      expect.stringContaining('"agent":"middle"'),
    ]);
  });

  it('keeps a bounded memory of what it has warned of', async () => {
    const { heddle, warnings } = await oneReplica({ agents: [leaf] });
    const run = await heddle.start('leaf');
    for (let n = 0; n <= 1_000; n++) await run.send({ type: `GO${n}` });
    await run.send({ type: 'GO0' });
    expect(warnings).toHaveLength(1_002);
  });
});
