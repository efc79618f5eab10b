/** What stands in a conversation: what was asked and answered, and nothing of a call that failed. */
import { describe, expect, it } from 'vitest';
import { oneTenant } from '../../../src/access/scopes.ts';
import type { GenerateRequest } from '../../../src/domain/catalogue.ts';
import type { Run } from '../../../src/index.ts';
import type { Provider } from '../../../src/providers/port.ts';
import type { Store } from '../../../src/store/port.ts';
import { memoryWorld, type ReplicaOptions, type World } from '../../support/replica.ts';
import { scriptedProvider } from '../../support/scripted-provider.ts';
import type { ScriptStep } from '../../support/script-agent.ts';

const say = (prompt: string, more: object = {}): ScriptStep => ({
  do: 'generate',
  with: { conversation: 'main', prompt, ...more },
});
const start = (...steps: readonly ScriptStep[]) => ({ input: { steps } });

async function rowsOf({ store }: World, { tenant, id }: Run): Promise<readonly unknown[]> {
  const [rows = []] = await store.conversations([{ tenant, runId: id, conversation: 'main' }]);
  return rows.map((text): unknown => JSON.parse(text));
}

async function heldOf({ store }: World, { tenant, id }: Run): Promise<unknown> {
  const row = await store.run(oneTenant(tenant), id);
  const text = row?.heldText ?? null;
  return text === null ? null : (JSON.parse(text) as object);
}

/** A scripted provider, and the inputs that it was sent. */
function watched() {
  const scripted = scriptedProvider();
  const inputs: GenerateRequest[] = [];
  const provider: Provider = {
    ...scripted,
    call: (call) => {
      inputs.push(call.input);
      return scripted.call(call);
    },
  };
  return { provider, inputs, last: () => scripted.last() };
}

/** What the provider was sent last, as texts. */
function saidTo(inputs: readonly GenerateRequest[]): readonly string[] {
  const { messages = [], prompt } = inputs.at(-1) ?? {};
  return [...messages.map(({ content }) => content), ...(prompt === undefined ? [] : [prompt])];
}

const user = (content: string) => ({ role: 'user', content });
const answer = (content: string) => ({ role: 'assistant', content });

describe('a conversation', () => {
  it('gets the question and its answer together, with the turn that takes the answer', async () => {
    const world = memoryWorld();
    const { provider, inputs, last } = watched();
    const appended: string[][] = [];
    const { heddle } = await world.replica({
      providers: [provider],
      between: (store) => ({
        ...store,
        commit: (batch) => {
          for (const { conversation } of batch.turns) {
            appended.push(conversation.map(({ messageText }) => messageText));
          }
          return store.commit(batch);
        },
      }),
    });
    const messages = [{ role: 'user', content: 'One.' }];
    const run = await heddle.start('script', start(say('Two?', { messages }), say('Three?')));
    await world.clock.idle();
    expect(saidTo(inputs)).toEqual(['One.', 'Two?']);
    expect(appended.flat()).toEqual([]);
    last().answer('Yes.');
    await world.clock.idle();
    expect(saidTo(inputs)).toEqual(['One.', 'Two?', 'Yes.', 'Three?']);
    expect(appended.filter((texts) => texts.length > 0)).toEqual([
      [user('One.'), user('Two?'), answer('Yes.')].map((message) => JSON.stringify(message)),
    ]);
    last().answer('No.');
    await world.clock.idle();
    expect(await rowsOf(world, run)).toHaveLength(5);
  });

  it('keeps nothing of a call that fails, is too late, is left or is blank', async () => {
    const world = memoryWorld();
    const { provider, inputs, last } = watched();
    const { heddle } = await world.replica({ providers: [provider] });
    const steps = [say('Refused?'), say('Late?', { timeoutMs: 1_000 }), say(' '), say('Well?')];
    const run = await heddle.start('script', start(...steps));
    await world.clock.idle();
    last().fail('caller');
    await world.clock.idle();
    expect(saidTo(inputs)).toEqual(['Late?']);
    await world.clock.advance(2_000);
    expect(saidTo(inputs)).toEqual(['Well?']);
    expect(await rowsOf(world, run)).toEqual([]);
    last().answer('Yes.');
    await world.clock.idle();
    expect(await rowsOf(world, run)).toEqual([user('Well?'), answer('Yes.')]);
    expect(await run.output()).toMatchObject([
      { failed: { code: 'provider-refused' } },
      { failed: { code: 'invocation-timeout' } },
      { failed: { code: 'invalid-field' } },
      { done: { text: 'Yes.' } },
    ]);
  });

  it('of calls that fail costs its run nothing, not even a name', async () => {
    const world = memoryWorld();
    const { provider, last } = watched();
    const { heddle } = await world.replica({ providers: [provider] });
    const run = await heddle.start('script', start(say('Refused?'), { do: 'wait' }));
    await world.clock.idle();
    expect(await heldOf(world, run)).toMatchObject({
      conversations: { main: { messages: 0, chars: 0, asks: { id: 'generate' } } },
    });
    last().fail('caller');
    await world.clock.idle();
    expect(await heldOf(world, run)).toBeNull();
  });

  it('gets what was asked once, whichever replica goes on with the call', async () => {
    const world = memoryWorld();
    const { provider, inputs, last } = watched();
    const first = await world.replica({ providers: [provider] });
    const run = await first.heddle.start('script', start(say('One?'), say('Two?')));
    await world.clock.idle();
    last().answer('Yes.');
    await world.clock.idle();
    first.kill();
    await world.replica({ providers: [provider] });
    await world.clock.advance(20_000);
    expect(saidTo(inputs)).toEqual(['One?', 'Yes.', 'Two?']);
    last().answer('No.');
    await world.clock.idle();
    const said = [user('One?'), answer('Yes.'), user('Two?'), answer('No.')];
    expect(await rowsOf(world, run)).toEqual(said);
  });
});

/** While `older()`, heartbeats see a replica of an earlier release. */
const seesOlder =
  (older: () => boolean): NonNullable<ReplicaOptions['between']> =>
  (store: Store) => ({
    ...store,
    renew: async (replica) => ({ ...(await store.renew(replica)), hasOlder: older() }),
  });

describe('beside a replica of an earlier release', () => {
  it('a call’s messages are in the rows from the beginning, as that replica reads them', async () => {
    const world = memoryWorld();
    let isOlder = true;
    const { provider, inputs, last } = watched();
    const { heddle } = await world.replica({
      providers: [provider],
      between: seesOlder(() => isOlder),
    });
    const run = await heddle.start('script', start(say('One?'), say('Two?'), say('Three?')));
    await world.clock.idle();
    expect(await rowsOf(world, run)).toEqual([user('One?')]);
    // What 0.1.0 would have written.
    const chars = JSON.stringify(user('One?')).length;
    expect(await heldOf(world, run)).toMatchObject({
      conversations: { main: { messages: 1, chars } },
    });
    expect(JSON.stringify(await heldOf(world, run))).not.toContain('"id"');
    expect(saidTo(inputs)).toEqual(['One?']);
    last().answer('1');
    await world.clock.idle();
    expect(saidTo(inputs)).toEqual(['One?', '1', 'Two?']);
    // The other replica ends, while a call that was begun for its sake is under way.
    isOlder = false;
    await world.clock.advance(20_000);
    last().answer('2');
    await world.clock.idle();
    expect(saidTo(inputs)).toEqual(['One?', '1', 'Two?', '2', 'Three?']);
    expect(await rowsOf(world, run)).toHaveLength(4);
    last().answer('3');
    await world.clock.idle();
    expect((await rowsOf(world, run)).slice(4)).toEqual([user('Three?'), answer('3')]);
  });

  it('a call that it has begun is sent with what the rows hold, once', async () => {
    const world = memoryWorld();
    const { provider, inputs, last } = watched();
    const older = await world.replica({ providers: [provider], between: seesOlder(() => true) });
    const run = await older.heddle.start(
      'script',
      start(say('One?', { messages: [user('Zero.')] })),
    );
    await world.clock.idle();
    older.kill();
    await world.replica({ providers: [provider] });
    await world.clock.advance(20_000);
    expect(saidTo(inputs)).toEqual(['Zero.', 'One?']);
    expect(inputs).toHaveLength(2);
    last().answer('Yes.');
    await world.clock.idle();
    expect(await rowsOf(world, run)).toEqual([user('Zero.'), user('One?'), answer('Yes.')]);
  });
});

it('its owner reads a conversation, whole or its end, and the options are checked', async () => {
  const world = memoryWorld();
  const { provider, last } = watched();
  const { heddle } = await world.replica({ providers: [provider] });
  const run = await heddle.start('script', start(say('One?'), say('Two?')));
  await world.clock.idle();
  expect(await run.conversation('main')).toEqual([]);
  last().answer('Yes.');
  await world.clock.idle();
  expect(await run.conversation('main')).toEqual([user('One?'), answer('Yes.')]);
  expect(await run.conversation('main', { newest: 1 })).toEqual([answer('Yes.')]);
  expect(await run.conversation('another')).toEqual([]);
  for (const newest of [0, 1.5, '2', 10_001]) {
    await expect(run.conversation('main', { newest: newest as number })).rejects.toMatchObject({
      code: 'invalid-field',
      detail: { field: 'conversation.newest' },
    });
  }
  await expect(run.conversation('')).rejects.toThrow('conversation.name');
  await expect(run.conversation('main', { last: 1 } as object)).rejects.toThrow('newest');
});
