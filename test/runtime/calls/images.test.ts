/** Images of calls: large ones leave the rows of a conversation, and come back as bytes before a call is sent. */
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { assign, setup } from 'xstate';
import type { GenerateRequest, ImagePart } from '../../../src/domain/catalogue.ts';
import { limits } from '../../../src/domain/limits.ts';
import { imagePartsOf } from '../../../src/domain/model/images.ts';
import { heddleError } from '../../../src/domain/errors.ts';
import { catalogue, type Run } from '../../../src/index.ts';
import type { Provider } from '../../../src/providers/port.ts';
import { memoryWorld, oneReplica, type ReplicaOptions, type World } from '../../support/replica.ts';
import type { ScriptStep } from '../../support/script-agent.ts';
import { scriptedProvider } from '../../support/scripted-provider.ts';

const bytesOf = (size: number, first = 0): Buffer =>
  Buffer.from(Uint8Array.from({ length: size }, (_, i) => (first + i) % 251));
const base64 = (size: number, first = 0): string => bytesOf(size, first).toString('base64');
const hashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

const { imageInlineBytesMax: inlineMax } = limits;
const image = (data: string) => ({ type: 'image', mediaType: 'image/png', data }) as const;
/** Long bytes by their hash, so that a failure can be read. */
const shown = (data: string): string => (data.length > 100 ? hashOf(Buffer.from(data)) : data);
function imageText(part: ImagePart): string {
  if ('url' in part) return part.url;
  return 'data' in part ? shown(part.data) : part.sha256;
}
const kept = (sha256: string) => ({ type: 'image', mediaType: 'image/png', sha256 }) as const;
const ask = (parts: readonly object[], more: object = { conversation: 'main' }): ScriptStep => ({
  do: 'generate',
  with: { ...more, messages: [{ role: 'user', content: parts as never }] },
});
const start = (...steps: readonly ScriptStep[]) => ({ input: { steps } });

/** A provider that takes images, and the inputs that it was sent. */
function seeing() {
  const scripted = scriptedProvider();
  const inputs: GenerateRequest[] = [];
  const provider: Provider = {
    ...scripted,
    supports: { images: 'bytes-and-urls' },
    call: (call) => {
      inputs.push(call.input);
      return scripted.call(call);
    },
  };
  /** The images of the last call, each as its address, its hash, or its bytes. */
  const seen = (): readonly string[] => imagePartsOf(inputs.at(-1)?.messages ?? []).map(imageText);
  return { provider, inputs, seen, last: () => scripted.last() };
}

/** Asks for one image after the other, and keeps none of them in its context. */
const painter = setup({
  types: { context: {} as { readonly error: unknown } },
  actors: { ...catalogue },
}).createMachine({
  id: 'painter',
  context: { error: null },
  initial: 'asking',
  states: {
    asking: {
      invoke: {
        src: 'generate',
        input: { conversation: 'main', prompt: 'Another one.' },
        onDone: { target: 'asking', reenter: true },
        onError: { target: 'over', actions: assign({ error: ({ event }) => event.error }) },
      },
    },
    over: { type: 'final' },
  },
  output: ({ context }) => context.error,
});

async function rowsOf({ store }: World, { tenant, id }: Run): Promise<readonly string[]> {
  const [rows = []] = await store.conversations([{ tenant, runId: id, conversation: 'main' }]);
  return rows;
}

async function begin(options: ReplicaOptions = {}) {
  const watched = seeing();
  const world = await oneReplica({ providers: [watched.provider], ...options });
  return { ...world, ...watched };
}

describe('in a conversation', () => {
  it('a large image is stored by its hash with the answer, and every later call gets its bytes', async () => {
    const world = await begin();
    const [small, large] = [base64(inlineMax), base64(inlineMax + 1)];
    const again = ask([{ type: 'text', text: 'And now?' }]);
    const run = await world.heddle.start('script', start(ask([image(small), image(large)]), again));
    await world.clock.idle();
    expect(world.seen()).toEqual([small, large].map(shown));
    expect(world.store.database.tables.images.all()).toHaveLength(0);
    world.last().answer('Two.');
    await world.clock.idle();
    const sha256 = hashOf(bytesOf(inlineMax + 1));
    const [row = ''] = await rowsOf(world, run);
    expect(JSON.parse(row.replace(small, 'small'))).toMatchObject({
      parts: [image('small'), kept(sha256)],
    });
    const read = { tenant: run.tenant, sha256, bytesMax: limits.callImageBytesMax };
    const found = await world.store.image(read);
    expect({ ...found, data: shown(found?.data ?? '') }).toEqual({
      size: inlineMax + 1,
      data: shown(large),
    });
    expect(world.store.database.tables.imageUses.all()).toMatchObject([{ runId: run.id, sha256 }]);
    expect(world.seen()).toEqual([small, large].map(shown));
    expect(world.inputs).toHaveLength(2);
    const [said] = await run.conversation('main');
    expect(imagePartsOf(said === undefined ? [] : [said]).map(imageText)).toEqual([
      shown(small),
      sha256,
    ]);
  });

  it('an image of an answer is moved as well, in whatever form of base64 it came', async () => {
    const world = await begin();
    const bytes = bytesOf(inlineMax + 3);
    const run = await world.heddle.start('script', start(ask([image('AAAA')]), ask([])));
    await world.clock.idle();
    const parts = [image(bytes.toString('base64url'))];
    world.last().answer('', { parts });
    await world.clock.idle();
    const [, row = ''] = await rowsOf(world, run);
    expect(row.length).toBeLessThan(1_000);
    expect(JSON.parse(row)).toMatchObject({ role: 'assistant', parts: [kept(hashOf(bytes))] });
    expect(world.seen()).toEqual(['AAAA', shown(bytes.toString('base64'))]);
  });

  it('a call that fails stores nothing', async () => {
    const world = await begin();
    await world.heddle.start('script', start(ask([image(base64(inlineMax + 1))])));
    await world.clock.idle();
    world.last().fail('caller');
    await world.clock.idle();
    expect(world.store.database.tables.images.all()).toHaveLength(0);
    expect(world.store.database.tables.imageUses.all()).toEqual([]);
  });

  it('has a bound of bytes, and a call beyond it is refused before it costs anything', async () => {
    const bytes = 750_000;
    let calls = 0;
    const provider = {
      ...scriptedProvider({
        onCall: (call) => call.answer('', { parts: [image(base64(bytes, (calls += 1)))] }),
      }),
      supports: { images: 'bytes' },
    } as const;
    const { heddle, clock } = await oneReplica({ agents: [painter], providers: [provider] });
    const run = await heddle.start('painter');
    await clock.idle();
    expect(await run.output()).toMatchObject({
      code: 'conversation-full',
      detail: { max: limits.conversationImageBytesMax, unit: 'bytes of images' },
    });
    expect(calls).toBe(Math.floor(limits.conversationImageBytesMax / bytes) + 1);
  });
});

describe('by its hash', () => {
  it('a call without a conversation gets the bytes of a stored image, its run uses it', async () => {
    const world = await begin();
    const stored = await world.heddle.storeImage({
      mediaType: 'image/png',
      data: bytesOf(2_000_000),
    });
    expect(stored).toEqual(kept(hashOf(bytesOf(2_000_000))));
    const run = await world.heddle.start('script', start(ask([stored, image('AAAA'), stored], {})));
    await world.clock.idle();
    const bytes = shown(base64(2_000_000));
    expect(world.seen()).toEqual([bytes, 'AAAA', bytes]);
    expect(world.store.database.tables.imageUses.all()).toMatchObject([{ runId: run.id }]);
    world.last().answer('Well.');
    await world.clock.idle();
    expect(await run.output()).toMatchObject([{ done: { text: 'Well.' } }]);
  });

  it('an image that is not there fails that call alone, and says what to do', async () => {
    const world = await begin();
    const run = await world.heddle.start(
      'script',
      start(ask([kept('a'.repeat(64))]), ask([{ type: 'text', text: 'Well?' }])),
    );
    await world.clock.idle();
    world.last().answer('Well.');
    await world.clock.idle();
    expect(await run.output()).toMatchObject([
      { failed: { code: 'image-unknown', detail: { sha256: 'a'.repeat(64), tenant: 'default' } } },
      { done: { text: 'Well.' } },
    ]);
    expect(await rowsOf(world, run)).toHaveLength(2);
  });

  it('a call gets so many bytes and no more', async () => {
    const asked: number[] = [];
    const world = await begin({
      between: (store) => ({
        ...store,
        image: (read) => {
          asked.push(read.bytesMax);
          return store.image(read);
        },
      }),
    });
    const half = limits.callImageBytesMax / 2;
    const [one, other] = await Promise.all(
      [0, 1].map((n) =>
        world.heddle.storeImage({ mediaType: 'image/png', data: bytesOf(half, n) }),
      ),
    );
    const more = await world.heddle.storeImage({ mediaType: 'image/png', data: bytesOf(1) });
    const run = await world.heddle.start(
      'script',
      start(ask([one!, other!, more], {}), ask([one!, one!, one!], {}), ask([one!, other!], {})),
    );
    await world.clock.idle();
    expect(world.seen()).toHaveLength(2);
    // Each image is read once for its call, and only if there is room for it.
    expect(asked).toEqual([2 * half, half, 0, 2 * half, 2 * half, half]);
    world.last().answer('Well.');
    await world.clock.idle();
    const failed = { failed: { code: 'images-too-large' } };
    expect(await run.output()).toMatchObject([failed, failed, { done: { text: 'Well.' } }]);
  });

  it('is read again while the database has an error, and no call fails of it', async () => {
    let errors = 3;
    let reads = 0;
    const world = await begin({
      between: (store) => ({
        ...store,
        image: (read) => {
          reads += 1;
          errors -= 1;
          const error = heddleError(errors === 2 ? 'store-unavailable' : 'store-error', {});
          return errors < 0 ? store.image(read) : Promise.reject(error);
        },
      }),
    });
    const stored = await world.heddle.storeImage({ mediaType: 'image/png', data: 'AAAA' });
    await world.heddle.start('script', start(ask([stored], {})));
    await world.clock.idle();
    expect(world.inputs).toEqual([]);
    await world.clock.advance(5_000);
    expect(world.seen()).toEqual(['AAAA']);
    expect(reads).toBe(4);
  });

  it('one image is read at a time, for however many calls', async () => {
    let open = 0;
    let most = 0;
    const world = await begin({
      between: (store) => ({
        ...store,
        image: async (read) => {
          open += 1;
          most = Math.max(most, open);
          await new Promise<void>((resolve) => world.clock.setTimer(10, resolve));
          open -= 1;
          return store.image(read);
        },
      }),
    });
    const stored = await world.heddle.storeImage({ mediaType: 'image/png', data: 'AAAA' });
    for (let n = 0; n < 5; n++) await world.heddle.start('script', start(ask([stored], {})));
    await world.clock.advance(1_000);
    expect(world.inputs).toHaveLength(5);
    expect(most).toBe(1);
  });

  it('another replica goes on with the call, and puts the bytes back', async () => {
    const world = memoryWorld();
    const { provider, seen, last } = seeing();
    const first = await world.replica({ providers: [provider] });
    const data = base64(inlineMax + 1);
    await first.heddle.start('script', start(ask([image(data)]), ask([])));
    await world.clock.idle();
    last().answer('Yes.');
    await world.clock.idle();
    first.kill();
    await world.replica({ providers: [provider] });
    await world.clock.advance(20_000);
    expect(seen()).toEqual([shown(data)]);
  });
});
