/** Commits of results that fail, and runs that leave their calls: nothing is lost, nothing stays. */
import { assign, setup } from 'xstate';
import { describe, expect, it } from 'vitest';
import { oneTenant } from '../../../src/access/scopes.ts';
import { catalogue } from '../../../src/index.ts';
import { heddleError } from '../../../src/domain/errors.ts';
import { askingRuns, keepsAll } from '../../support/asking-runs.ts';
import { oneReplica } from '../../support/replica.ts';
import { scriptedProvider } from '../../support/scripted-provider.ts';
import { isKeeping, watchedCommits } from '../../support/watched-commits.ts';

describe('a commit of results that fails', () => {
  it('goes again as it is while the store does not answer', async () => {
    const { world, commits, provider, texts } = await askingRuns(3);
    let left = 4;
    commits.meet(isKeeping, async (batch, commit) => {
      left -= 1;
      // The last of these takes effect, and its answer is lost.
      if (left === 0) await commit(batch);
      if (left >= 0) throw heddleError('store-unavailable', { reason: 'on order' });
      return commit(batch);
    });
    for (const call of provider.calls) call.answer('bought');
    await world.clock.advance(2_000);
    const tries = commits.seen.filter(isKeeping);
    expect(new Set(tries.map(({ commitId }) => commitId)).size).toBe(1);
    expect(tries).toHaveLength(5);
    expect(await texts()).toEqual(['bought', 'bought', 'bought']);
    expect(provider.calls).toHaveLength(3);
  });

  it('for another reason loses nothing: results go to their turns, waiting calls go on', async () => {
    const { world, replica, commits, provider, texts } = await askingRuns(4, 2);
    commits.meet(isKeeping, () => Promise.reject(new Error('disk on fire')));
    for (const call of provider.calls.slice()) call.answer('bought');
    await world.clock.idle();
    expect(provider.calls).toHaveLength(4);
    commits.meet(
      () => false,
      (batch, commit) => commit(batch),
    );
    for (const call of provider.calls.slice(2)) call.answer('bought');
    await world.clock.idle();
    expect(await texts()).toEqual(['bought', 'bought', 'bought', 'bought']);
    expect(provider.calls).toHaveLength(4);
    expect(replica.runtime.stats()).toMatchObject({ permitsInUse: 0, inMemory: 0 });
    expect((await world.store.audit(oneTenant('default'))).slotsInUse).toBe(0);
  });

  it('as poison brings the result to its turn, and its neighbours are kept', async () => {
    const { world, commits, provider, texts } = await askingRuns(2);
    commits.meet(isKeeping, async (batch, commit) => {
      const [bad, ...good] = batch.results;
      const outcome = await commit({ ...batch, results: good });
      expect(bad).toBeDefined();
      expect(outcome.fates).toEqual([]);
      const fate = { kind: 'poison', reason: 'on order' } as const;
      return { ...outcome, fates: [{ kind: 'results', index: 0, fate }] };
    });
    for (const call of provider.calls) call.answer('bought');
    await world.clock.idle();
    expect(await texts()).toEqual(['bought', 'bought']);
    const turns = commits.seen.flatMap((batch) => batch.turns);
    expect(turns.flatMap((turn) => turn.takenResults)).toHaveLength(1);
    expect(world.store.database.tables.inbox.all()).toEqual([]);
  });
});

/** Asks until it is told to leave, and then waits to be told to end. */
const leaver = setup({
  types: {
    context: {} as { readonly late: number },
    events: {} as { type: 'leave' } | { type: 'end' },
  },
  actors: { ...catalogue },
  actions: { count: assign({ late: ({ context }) => context.late + 1 }) },
}).createMachine({
  id: 'leaver',
  context: { late: 0 },
  initial: 'asking',
  states: {
    asking: {
      invoke: {
        id: 'ask',
        src: 'generate',
        input: { prompt: 'why?' },
        onDone: { actions: 'count' },
      },
      on: { leave: 'waiting' },
    },
    waiting: { on: { end: 'ended' } },
    ended: { type: 'final' },
  },
  output: ({ context }) => context.late,
});

describe('a run that leaves its call', () => {
  /** The commit of one result is held back; the call of another run has ended meanwhile. */
  async function leaving(isFirst: boolean) {
    const commits = watchedCommits();
    const provider = scriptedProvider();
    const between = commits.between;
    const world = await oneReplica({
      agents: [leaver],
      providers: [provider],
      keeping: keepsAll,
      between,
    });
    const [first, second] = await world.heddle.startAll([{ agent: 'leaver' }, { agent: 'leaver' }]);
    await world.clock.idle();
    const letGo = commits.hold(isKeeping);
    provider.calls[0]?.answer('one');
    await world.clock.idle();
    provider.calls[1]?.answer('two');
    await world.clock.idle();
    expect(commits.kept()).toEqual([[first?.id]]);
    const left = isFirst ? first : second;
    await left?.send({ type: 'leave' });
    await world.clock.idle();
    letGo();
    await world.clock.idle();
    return { ...world, commits, first, second, left };
  }

  it('before its result is sent keeps nothing of it', async () => {
    const { commits, first, left, runtime, store } = await leaving(false);
    expect(commits.kept()).toEqual([[first?.id]]);
    expect(runtime.stats().pool).toMatchObject({ inFlight: 0, queued: 0 });
    expect((await store.audit(oneTenant('default'))).slotsInUse).toBe(0);
    await left?.send({ type: 'end' });
    expect(await left?.output()).toBe(0);
  });

  it('while its result is being kept hears nothing of it, and no row of it stays', async () => {
    const { commits, first, second, left, store } = await leaving(true);
    expect(commits.kept()).toEqual([[first?.id], [second?.id]]);
    expect(store.database.tables.inbox.all()).toEqual([]);
    expect((await store.audit(oneTenant('default'))).slotsInUse).toBe(0);
    await left?.send({ type: 'end' });
    expect(await left?.output()).toBe(0);
  });
});
