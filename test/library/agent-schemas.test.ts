/** The schemas of an agent: refused where they are wrong, and held against what comes from outside. */
import { toStandardJsonSchema } from '@valibot/to-json-schema';
import { type } from 'arktype';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { createMachine } from 'xstate';
import { z } from 'zod';
import type { AgentSchema } from '../../src/index.ts';
import { createKernel } from '../../src/kernel/kernel.ts';
import { registerSource } from '../../src/runtime/agent-source.ts';
import { describing, noted } from '../support/library-schemas.ts';
import { memoryWorld, oneReplica } from '../support/replica.ts';

const desk = createMachine({ id: 'desk', on: { ORDER: {}, 'NOTE.*': {} } });
const order = z.object({ yarn: z.string(), grams: z.number().int().positive() });
const agents = [{ machine: desk, input: z.object({ shop: z.string() }), events: { ORDER: order } }];
const input = { shop: 'weft' };

const orderJson = {
  type: 'object',
  properties: { yarn: { type: 'string' }, grams: { type: 'integer', minimum: 1 } },
  required: ['yarn', 'grams'],
};
const orderSchemas: readonly (readonly [string, AgentSchema])[] = [
  ['zod', order],
  ['arktype', type({ yarn: 'string', grams: 'number.integer > 0' })],
  [
    'valibot',
    toStandardJsonSchema(
      v.object({ yarn: v.string(), grams: v.pipe(v.number(), v.integer(), v.minValue(1)) }),
    ),
  ],
  ['JSON Schema', orderJson],
  ['JSON Schema with notes', noted(orderJson)],
  ['a library that only describes', describing(orderJson)],
];

/** Two of them have nearly as many bytes as the schemas of one agent may. */
const long = 'w'.repeat(65_450);

const refusalOf = (source: object): unknown => {
  try {
    registerSource(createKernel(), { machine: desk, ...source });
  } catch (error) {
    return (error as { detail?: { field?: string } }).detail?.field;
  }
  return 'nothing';
};

describe('registration', () => {
  it.each<[string, object]>([
    ['agents.input', { input: 5 }],
    ['agents.input.type', { input: { type: 'text' } }],
    ['agents.input', { input: v.object({}) }],
    ['agents.input', { input: null }],
    ['agents.input.type', { input: noted({ type: 'Date' }) }],
    ['agents.input.type', { input: describing({ type: 'Date' }) }],
    ['agents.input.title', { input: noted({ title: () => 'a function' }) }],
    ['agents.input.$ref', { input: { $ref: '#/nowhere' } }],
    ['agents.events', { events: [] }],
    ['agents.events.ORDER.properties', { events: { ORDER: { properties: 3 } } }],
    ['agents.events.ORDRE', { events: { ORDRE: order } }],
    ['agents.events.xstate.done', { events: { 'xstate.done': order } }],
    ['agents.events.ORDER', { events: { ORDER: z.object({ type: z.literal('ORDER') }) } }],
    ['agents.events.ORDER', { events: { ORDER: { required: ['type'] } } }],
    ['nothing', { input: { title: long }, events: { ORDER: { title: long } } }],
    ['agents', { input: { title: long }, events: { ORDER: { title: long }, 'NOTE.a': order } }],
    [
      'agents.events',
      { events: Object.fromEntries(Array.from({ length: 257 }, (_, i) => [`NOTE.${i}`, order])) },
    ],
    ['nothing', { events: { 'NOTE.a': order } }],
  ])('of a wrong schema is refused at %s', (field, source) => {
    expect(refusalOf(source)).toBe(field);
  });
});

describe('what comes from outside', () => {
  it('is refused by field before anything is written', async () => {
    const { heddle, clock, store } = await oneReplica({ agents });
    for (const [given, words] of [
      [{ shop: 5 }, 'input/shop must be string'],
      [{}, "input must have required property 'shop'"],
      [null, 'input must be object'],
      [undefined, 'it is missing'],
    ] as const) {
      const refused = { code: 'invalid-input', detail: { agent: 'desk', reason: words } };
      await expect(heddle.start('desk', { input: given })).rejects.toMatchObject(refused);
      const both = [
        { agent: 'desk', input },
        { agent: 'desk', input: given },
      ] as const;
      await expect(heddle.startAll(both)).rejects.toMatchObject(refused);
    }
    expect(store.database.tables.runs.all()).toEqual([]);
    const run = await heddle.start('desk', { input });
    await clock.idle();
    await expect(run.send({ type: 'ORDER', yarn: 1, grams: 0 })).rejects.toMatchObject({
      code: 'invalid-event',
      detail: { agent: 'desk', type: 'ORDER' },
      message: expect.stringMatching(/event\/yarn must be string.*event\/grams must be/),
    });
    await run.send({ type: 'ORDER', yarn: 'mohair', grams: 50 });
    // No schema, no check; nor for an event of a name that every object has.
    for (const free of ['NOTE.x', 'constructor']) await run.send({ type: free, yarn: 1 });
    await clock.idle();
    const kinds = [];
    for await (const { entry } of run.journal()) kinds.push(entry.kind);
    expect(kinds).toEqual(['start', 'event', 'event', 'event']);
  });

  it.each(orderSchemas)('is held against a schema of %s', async (_, schema) => {
    const { heddle, clock } = await oneReplica({
      agents: [{ machine: desk, events: { ORDER: schema } }],
    });
    const run = await heddle.start('desk');
    await clock.idle();
    await run.send({ type: 'ORDER', yarn: 'silk', grams: 1 });
    const refused = { code: 'invalid-event' };
    await expect(run.send({ type: 'ORDER', yarn: 'silk' })).rejects.toMatchObject(refused);
    await expect(run.send({ type: 'ORDER', yarn: 'silk', grams: 0 })).rejects.toMatchObject(
      refused,
    );
  });

  it('is copied before the check: a caller may change it meanwhile', async () => {
    const { heddle } = await oneReplica({ agents });
    const given = { shop: 'weft' };
    const starting = heddle.start('desk', { input: given });
    given.shop = 'warp';
    expect((await (await starting).row()).inputText).toBe('{"shop":"weft"}');
  });

  it('to a run that was started before under its key is checked too', async () => {
    const { heddle } = await oneReplica({ agents });
    const options = { input, idempotencyKey: 'k' };
    const first = await heddle.start('desk', options);
    const again = await heddle.start('desk', options);
    expect(again.id).toBe(first.id);
    await expect(again.send({ type: 'ORDER' })).rejects.toMatchObject({ code: 'invalid-event' });
  });
});

describe('a process without the agent', () => {
  it('starts it by name, checks for it, and its runs wait for a replica that has it', async () => {
    const { clock, replica } = memoryWorld();
    const owner = await replica({ agents: [{ ...agents[0]!, version: '1' }] });
    await owner.heddle.close();
    const other = await replica({ agents: [] });
    await expect(other.heddle.start('desk', { input: {} })).rejects.toMatchObject({
      code: 'invalid-input',
    });
    const run = await other.heddle.start('desk', { input });
    await clock.idle();
    expect(await run.row()).toMatchObject({
      status: 'stalled',
      version: '1',
      reason: 'version 1 of agent desk is not registered',
    });
    await expect(run.send({ type: 'ORDER' })).rejects.toMatchObject({ code: 'invalid-event' });
    await run.send({ type: 'ORDER', yarn: 'linen', grams: 3 });
    await other.heddle.close();
    const last = await replica({ agents: [{ ...agents[0]!, version: '1' }] });
    await clock.advance(60_000);
    expect(await (await last.heddle.run(run.id)).row()).toMatchObject({
      status: 'waiting-on-person',
      turn: 1,
    });
  });

  it('means the version that was registered last, and refuses what nobody knows', async () => {
    const { clock, replica } = memoryWorld();
    const versions = ['1', '2'].map((version) => ({ machine: desk, version }));
    await (await replica({ agents: versions })).heddle.close();
    const other = await replica({ agents: [] });
    const versionOf = async (): Promise<string> =>
      (await (await other.heddle.start('desk')).row()).version;
    expect(await versionOf()).toBe('2');
    await clock.advance(10_000);
    await (await replica({ agents: [{ machine: desk, version: '1' }] })).heddle.close();
    expect(await versionOf()).toBe('1');
    await expect(other.heddle.start('nobody')).rejects.toMatchObject({ code: 'agent-unknown' });
    await expect(other.heddle.start(desk)).rejects.toMatchObject({ code: 'agent-unknown' });
    const late = createMachine({ id: 'nobody' });
    await replica({ agents: [late] });
    expect((await (await other.heddle.start('nobody')).row()).agent).toBe('nobody');
  });
});

describe('what the database knows', () => {
  it('is given with definition, schemas, and whether the code is here', async () => {
    const { replica } = memoryWorld();
    const large = createMachine({ id: 'large', description: 'w'.repeat(140_000) });
    await replica({ agents: [{ ...agents[0]!, version: '1' }, large] });
    const { heddle } = await replica({ agents: [{ machine: large, version: 'own' }] });
    const [desk1, large1, own] = await heddle.agents();
    expect(desk1).toMatchObject({
      agent: 'desk',
      version: '1',
      definition: { id: 'desk' },
      definitionMissing: null,
      input: { type: 'object', properties: { shop: { type: 'string' } } },
      events: { ORDER: { required: ['yarn', 'grams'] } },
      isHere: false,
    });
    expect(large1).toMatchObject({
      definition: null,
      definitionMissing: 'too-large',
      isHere: false,
    });
    expect(own).toMatchObject({ agent: 'large', version: 'own', input: null, isHere: true });
    expect(await heddle.agent('desk')).toEqual(desk1);
    expect(await heddle.agents({ after: desk1!, limit: 1 })).toEqual([large1]);
    await expect(heddle.agent('desk', '2')).rejects.toMatchObject({
      code: 'agent-unknown',
      detail: { agent: 'desk version 2', known: 'version 1' },
    });
    for (const wrong of [{ limit: 101 }, { agent: '' }, { after: 3 }, { after: { agent: 'a' } }]) {
      await expect(heddle.agents(wrong as never)).rejects.toMatchObject({ code: 'invalid-field' });
    }
    await heddle.start('desk', { input });
    await heddle.start('large', { tenant: 'acme' });
    const ofTenant = await heddle.openRunsByVersion({ tenant: 'acme' });
    expect(ofTenant).toEqual({
      counts: [{ agent: 'large', version: 'own', open: 1 }],
      isWhole: true,
    });
    expect((await heddle.openRunsByVersion()).counts).toHaveLength(2);
  });
});
