/** How a child ends that its parent has left: in its turn, with its own end, or at once. */
import { assign, sendParent, sendTo, setup } from 'xstate';
import { describe, expect, it } from 'vitest';
import type { Run } from '../../../src/index.ts';
import { oneReplica } from '../../support/replica.ts';

const kid = setup({}).createMachine({
  id: 'kid',
  on: { BYE: { actions: sendParent({ type: 'ACK' }) }, NOISE: {} },
});

const parent = setup({
  types: { context: {} as { readonly acks: number } },
  actors: { kid },
}).createMachine({
  id: 'parent',
  context: { acks: 0 },
  on: { ACK: { actions: assign({ acks: ({ context }) => context.acks + 1 }) } },
  initial: 'with',
  states: {
    with: {
      invoke: { id: 'k', src: 'kid', onError: {} },
      exit: sendTo('k', { type: 'BYE' }),
      on: { LEAVE: 'without' },
    },
    without: {},
  },
});

async function family() {
  const world = await oneReplica({ agents: [parent, kid] });
  const run = await world.heddle.start('parent');
  await world.clock.idle();
  const [row] = await world.heddle.runs({ agent: 'kid' });
  const child = await world.heddle.run(row?.runId ?? '');
  const acks = async (): Promise<unknown> => {
    const { chartText } = await run.row();
    return (JSON.parse(chartText ?? '') as { context: { acks: number } }).context.acks;
  };
  return { ...world, run, child, acks };
}

async function taken(run: Run): Promise<string[]> {
  const lines: string[] = [];
  for await (const { entry } of run.journal()) {
    lines.push(entry.kind === 'event' ? entry.event.type : entry.kind);
  }
  return lines;
}

describe('a child that its parent leaves', () => {
  it('hears what was said to it before, answers, and is cancelled', async () => {
    const { run, child, clock, acks } = await family();
    await run.send({ type: 'LEAVE' });
    await clock.idle();
    expect(await taken(child)).toEqual(['start', 'BYE', 'cancel']);
    expect(await child.row()).toMatchObject({
      status: 'cancelled',
      reason: 'its parent went on without it',
    });
    expect(await acks()).toBe(1);
  });

  it('hears it behind all that came before, however much that is', async () => {
    const { run, child, clock, acks } = await family();
    const noise = Array.from({ length: 250 }, () => child.send({ type: 'NOISE' }));
    await Promise.all([...noise, run.send({ type: 'LEAVE' })]);
    await clock.idle();
    const heard = await taken(child);
    expect(heard.slice(-2)).toEqual(['BYE', 'cancel']);
    expect(await child.status()).toBe('cancelled');
    expect(await acks()).toBe(1);
  });

  it('hears nothing that comes after', async () => {
    const { run, child, clock } = await family();
    await run.send({ type: 'LEAVE' });
    await child.send({ type: 'NOISE' }).catch(() => undefined);
    await clock.idle();
    expect(await taken(child)).not.toContain('NOISE');
  });

  it('ends unheard when a person has paused it', async () => {
    const { run, child, clock, acks } = await family();
    await child.pause();
    await clock.idle();
    await run.send({ type: 'LEAVE' });
    await clock.idle();
    expect(await taken(child)).toEqual(['start', 'pause', 'cancel']);
    expect(await child.status()).toBe('cancelled');
    expect(await acks()).toBe(0);
  });

  it('ends at once when a person cancels the parent', async () => {
    const { run, child, clock } = await family();
    await run.cancel('enough');
    await clock.idle();
    expect(await taken(child)).toEqual(['start', 'cancel']);
    expect(await child.status()).toBe('cancelled');
  });
});
