/** What a call is read for is read again and again where that fails; a close ends the pauses in between. */
import { expect, it } from 'vitest';
import type { GenerateRequest } from '../../../src/domain/catalogue.ts';
import { heddleError } from '../../../src/domain/errors.ts';
import { asRunId } from '../../../src/domain/ids.ts';
import { CallImages } from '../../../src/runtime/calls/attempt/call-images.ts';
import { Conversations } from '../../../src/runtime/calls/conversations.ts';
import { ManualClock } from '../../support/manual-clock.ts';

const runId = asRunId('01900000-0000-7000-8000-000000000001');
const call = { tenant: 't', runId, isWritten: true };
const image = { type: 'image', mediaType: 'image/png', sha256: 'a'.repeat(64) } as const;
const asked = { messages: [{ role: 'user', content: '', parts: [image] }] } as GenerateRequest;

function failing() {
  const clock = new ManualClock();
  let reads = 0;
  const fails = async (): Promise<never> => {
    reads += 1;
    throw heddleError('store-error', { reason: 'a statement took too long', sqlstate: '57014' });
  };
  const log = { info: () => undefined, warn: () => undefined };
  const parts = { clock, log, store: { conversations: fails, image: fails } };
  return { clock, parts, reads: () => reads };
}

const cases = {
  'a conversation': ({ parts }: ReturnType<typeof failing>) => {
    const conversations = new Conversations(parts);
    const read = conversations.inputOf(call, { conversation: 'main' });
    return { of: conversations, read };
  },
  'an image': ({ parts }: ReturnType<typeof failing>) => {
    const images = new CallImages(parts);
    return { of: images, read: images.fill('t', asked) };
  },
};

it.each(Object.entries(cases))('%s is given up when the replica closes', async (_, begin) => {
  const world = failing();
  const { of, read } = begin(world);
  const ended = read.then(
    () => 'read',
    (error: unknown) => (error as { readonly code?: unknown }).code,
  );
  await world.clock.advance(60_000);
  expect(world.reads()).toBeGreaterThan(5);
  expect(world.clock.nextMs).not.toBeNull();
  of.close();
  expect(world.clock.nextMs).toBeNull();
  expect(await ended).toBe('store-error');
});
