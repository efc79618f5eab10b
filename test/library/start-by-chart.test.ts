/** A chart stands for its agent wherever a name does, and never for another one. */
import { assign, createMachine, fromPromise, setup } from 'xstate';
import { describe, expect, it } from 'vitest';
import { heddleError } from '../../src/domain/errors.ts';
import { createKernel } from '../../src/kernel/kernel.ts';
import { registerSources } from '../../src/runtime/agent-source.ts';
import { oneReplica } from '../support/replica.ts';

/** Ends with the length of its input's text, as `measure` says it. */
function measuring(ending: 'measured' | 'done') {
  return setup({
    types: { input: {} as { text: string }, context: {} as { text: string; length: number } },
    actors: { measure: fromPromise<number, string>(async ({ input }) => input.length) },
  }).createMachine({
    id: 'measuring',
    context: ({ input }) => ({ ...input, length: 0 }),
    initial: 'measuring',
    states: {
      measuring: {
        invoke: {
          id: 'measure',
          src: 'measure',
          input: ({ context }) => context.text,
          onDone: { target: ending, actions: assign({ length: ({ event }) => event.output }) },
        },
      },
      [ending]: { type: 'final' },
    },
    output: ({ context }) => ({ ending, length: context.length }),
  });
}

const first = measuring('measured');
const second = measuring('done');
const versions = [
  { machine: first, version: '1' },
  { machine: second, version: '2' },
];
const input = { text: 'weft' };

describe('a chart', () => {
  it('starts the version that it is, and a name the newest', async () => {
    const { heddle, clock } = await oneReplica({ agents: versions });
    const runs = [
      await heddle.start(first, { input }),
      await heddle.start(second, { input }),
      await heddle.start('measuring', { input }),
    ];
    await clock.idle();
    expect(await Promise.all(runs.map((run) => run.output()))).toEqual([
      { ending: 'measured', length: 4 },
      { ending: 'done', length: 4 },
      { ending: 'done', length: 4 },
    ]);
    const rows = await Promise.all(runs.map((run) => run.row()));
    expect(rows.map(({ version }) => version)).toEqual(['1', '2', '2']);
  });

  it('stands for the same structure with other implementations, registered or given', async () => {
    const fake = fromPromise<number, string>(async () => 7);
    const provided = first.provide({ actors: { measure: fake } });
    const { heddle, clock } = await oneReplica({ agents: [provided] });
    const run = await heddle.start(first, { input });
    await clock.idle();
    // What was registered is what runs.
    expect(await run.output()).toEqual({ ending: 'measured', length: 7 });
    expect((await (await heddle.start(measuring('measured'), { input })).row()).agent).toBe(
      'measuring',
    );
  });

  it('is the version made from this object, though another has its structure', async () => {
    const again = first.provide({});
    const { heddle } = await oneReplica({
      agents: [
        { machine: first, version: '1' },
        { machine: again, version: '2' },
      ],
    });
    const versionOf = async (chart: typeof first): Promise<string> =>
      (await (await heddle.start(chart, { input })).row()).version;
    expect([await versionOf(first), await versionOf(again)]).toEqual(['1', '2']);
    expect(await versionOf(first.provide({}))).toBe('2');
  });

  it('starts several at once', async () => {
    const { heddle, clock } = await oneReplica({ agents: versions });
    const [one, two] = await heddle.startAll([
      { agent: first, input },
      { agent: 'measuring', input },
    ]);
    await clock.idle();
    expect([await one.output(), await two.output()]).toEqual([
      { ending: 'measured', length: 4 },
      { ending: 'done', length: 4 },
    ]);
  });

  it('is refused, with nothing started, when another one is registered under its name', async () => {
    const { heddle } = await oneReplica({ agents: [first] });
    await expect(heddle.start(second, { input })).rejects.toEqual(
      heddleError('agent-differs', { agent: 'measuring' }),
    );
    const both = [
      { agent: first, input },
      { agent: second, input },
    ];
    await expect(heddle.startAll(both)).rejects.toMatchObject({ code: 'agent-differs' });
    expect(await heddle.runs()).toEqual([]);
  });

  it('is refused when none is registered under its name', async () => {
    const { heddle } = await oneReplica({ agents: [first] });
    await expect(heddle.start(createMachine({ id: 'other' }))).rejects.toEqual(
      heddleError('agent-unknown', { agent: 'other', known: 'measuring' }),
    );
  });

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['a number', 5],
    ['an object', {}],
    ['a chart with its version', { machine: first, version: '1' }],
    ['a config', first.config],
    ['a chart without a tree', { __xstatenode: true, root: null, id: 'measuring' }],
    ['a proxy', revoked()],
  ])('is none: %s', async (_, agent) => {
    const { heddle } = await oneReplica({ agents: [first] });
    const start = heddle.start(agent as never, { input });
    await expect(start).rejects.toMatchObject({
      code: 'invalid-field',
      detail: { field: 'start.agent' },
    });
  });
});

describe('the handle of a run that exists', () => {
  it('is given for its own agent alone', async () => {
    const { heddle } = await oneReplica({ agents: [first, createMachine({ id: 'other' })] });
    const { id } = await heddle.start(first, { input });
    for (const agent of [undefined, 'measuring', first]) {
      const options = agent === undefined ? {} : { agent };
      expect((await heddle.run(id, options)).id).toBe(id);
    }
    for (const agent of ['other', 'unregistered', createMachine({ id: 'other' })]) {
      await expect(heddle.run(id, { agent })).rejects.toMatchObject({
        code: 'invalid-field',
        detail: { field: 'run.agent' },
      });
    }
  });
});

describe('agents by name', () => {
  it('are those of the object, in its order', () => {
    const other = createMachine({ id: 'other' });
    const agents = registerSources(createKernel(), {
      measuring: { machine: first, version: '1' },
      other,
    });
    expect(agents.map(({ name, version }) => [name, version])).toEqual([
      ['measuring', '1'],
      ['other', expect.any(String)],
    ]);
  });

  it('have their own names', () => {
    expect(() => registerSources(createKernel(), { measurin: first })).toThrow(
      heddleError('invalid-field', {
        field: 'agents.measurin',
        reason: 'is agent measuring: its key must be its name',
      }),
    );
  });
});

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}
