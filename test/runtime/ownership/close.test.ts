/** A close lets turns in flight commit, gives everything back, and answers what comes after it. */
import { describe, expect, it } from 'vitest';
import { oneTenant } from '../../../src/access/scopes.ts';
import type { Provider } from '../../../src/providers/port.ts';
import type { Store } from '../../../src/store/port.ts';
import { heddleError } from '../../../src/domain/errors.ts';
import { memoryWorld, oneReplica } from '../../support/replica.ts';
import type { ScriptStep } from '../../support/script-agent.ts';
import { scriptedProvider } from '../../support/scripted-provider.ts';

const ask: ScriptStep = { do: 'generate', with: { prompt: 'why?' } };

/** A store whose commits wait until they are let through. */
function gate() {
  const held: (() => void)[] = [];
  let isShut = false;
  return {
    between: (store: Store): Store => ({
      ...store,
      commit: async (batch) => {
        if (isShut) await new Promise<void>((resolve) => held.push(resolve));
        return store.commit(batch);
      },
    }),
    shut: () => {
      isShut = true;
    },
    open: () => {
      isShut = false;
      for (const go of held.splice(0)) go();
    },
    get held() {
      return held.length;
    },
  };
}

describe('close', () => {
  it('waits for the commit in flight, and what it answers stands', async () => {
    const door = gate();
    const { heddle, clock, store } = await oneReplica({ between: door.between });
    door.shut();
    const starting = heddle.start('script', { input: { steps: [] } });
    await clock.idle();
    expect(door.held).toBe(1);
    const closing = heddle.close();
    await clock.idle();
    door.open();
    const run = await starting;
    await closing;
    expect(await store.run(oneTenant('default'), run.id)).toMatchObject({ status: 'completed' });
  });

  it('refuses what has not come into a commit, with `closed`', async () => {
    const door = gate();
    const { heddle, clock, store } = await oneReplica({ between: door.between });
    door.shut();
    const first = heddle.publish('a', 1);
    await clock.idle();
    const second = heddle.publish('a', 2);
    const closing = heddle.close();
    const refused = expect(second).rejects.toMatchObject({ code: 'closed' });
    await clock.idle();
    door.open();
    await first;
    await closing;
    await refused;
    expect((await store.audit(oneTenant('default'))).messages).toBe(1);
  });

  it('twice is once', async () => {
    const { heddle } = await oneReplica();
    await Promise.all([heddle.close(), heddle.close()]);
    await heddle.close();
  });

  it('aborts calls under way; the next replica makes them again, counted (promise 3)', async () => {
    const world = memoryWorld();
    const provider = scriptedProvider();
    const first = await world.replica({ providers: [provider] });
    const run = await first.heddle.start('script', { input: { steps: [ask] } });
    await world.clock.idle();
    await first.heddle.close();
    expect(provider.last().signal.aborted).toBe(true);
    const second = await world.replica({ providers: [provider] });
    await world.clock.idle();
    expect(provider.calls).toHaveLength(2);
    provider.last().answer('because');
    expect(await (await second.heddle.run(run.id)).output()).toMatchObject([
      { done: { text: 'because' } },
    ]);
    expect(await world.store.providerTotals()).toMatchObject([{ calls: 2, duplicates: 1 }]);
    expect((await world.store.audit(oneTenant('default'))).slotsInUse).toBe(0);
  });

  it('leaves no slot to a call that nobody waits for, though its request goes on', async () => {
    const deaf: Provider = { name: 'deaf', ceiling: 4, call: () => new Promise(() => undefined) };
    const { heddle, clock, store } = await oneReplica({ providers: [deaf] });
    const run = await heddle.start('script', { input: { steps: [ask] } });
    await clock.idle();
    await run.cancel('enough');
    await clock.idle();
    expect((await store.audit(oneTenant('default'))).slotsInUse).toBe(1);
    await heddle.close();
    expect((await store.audit(oneTenant('default'))).slotsInUse).toBe(0);
    expect(await store.providerTotals()).toMatchObject([{ calls: 1, duplicates: 0 }]);
  });

  it('gives the shards back at once: nobody waits for a lease', async () => {
    const world = memoryWorld();
    const first = await world.replica();
    await first.heddle.close();
    const second = await world.replica();
    const run = await second.heddle.start('script', { input: { steps: [] } });
    expect(await run.output()).toEqual([]);
  });

  it('ends although the store does not answer', async () => {
    let isDown = false;
    const down = (store: Store): Store => {
      const ifUp = async <Result>(call: () => Promise<Result>): Promise<Result> => {
        if (isDown) throw heddleError('store-unavailable', { reason: 'on order' });
        return call();
      };
      return {
        ...store,
        commit: (batch) => ifUp(() => store.commit(batch)),
        release: (replica) => ifUp(() => store.release(replica)),
      };
    };
    const { heddle, clock } = await oneReplica({ between: down });
    isDown = true;
    const publishing = expect(heddle.publish('a', 1)).rejects.toMatchObject({
      code: 'store-unavailable',
    });
    await clock.idle();
    let isClosed = false;
    const closing = heddle.close().then(() => (isClosed = true));
    await clock.advance(20_000);
    expect(isClosed).toBe(true);
    await Promise.all([closing, publishing]);
  });
});

describe('after a close', () => {
  it('every call is answered with `closed`', async () => {
    const { heddle, clock } = await oneReplica();
    const run = await heddle.start('script', { input: { steps: [{ do: 'wait' }] } });
    const waiting = run.output();
    const message = { channel: 'a', seq: 1, token: 't' } as never;
    const ended = expect(waiting).rejects.toMatchObject({ code: 'closed' });
    await heddle.close();
    await clock.advance(5_000);
    await ended;
    const calls: Record<string, () => unknown> = {
      start: () => heddle.start('script'),
      startAll: () => heddle.startAll([{ agent: 'script' }]),
      run: () => heddle.run(run.id),
      runs: () => heddle.runs(),
      publish: () => heddle.publish('a', 1),
      receive: () => heddle.receive('a', { group: 'g' }),
      acknowledge: () => heddle.acknowledge(message, { group: 'g' }),
      recall: () => heddle.recall({ scope: 'user' }, 'k'),
      remember: () => heddle.remember({ scope: 'user' }, 'k', 1),
      evaluations: () => heddle.evaluations(run.id),
      reopenProvider: () => heddle.reopenProvider('scripted'),
      probeProvider: () => heddle.probeProvider('scripted'),
      'run.row': () => run.row(),
      'run.status': () => run.status(),
      'run.output': () => run.output(),
      'run.send': () => run.send({ type: 'go' }),
      'run.cancel': () => run.cancel(),
      'run.pause': () => run.pause(),
      'run.resume': () => run.resume(),
      'run.answer': () => run.answer('ask', 1),
      'run.questions': () => run.questions(),
      'run.journal': () => run.journal().next(),
    };
    for (const [name, call] of Object.entries(calls)) {
      const answer = await (async () => call())().catch((error: unknown) => error);
      expect([name, answer]).toMatchObject([name, { code: 'closed', status: 503 }]);
    }
  });
});
