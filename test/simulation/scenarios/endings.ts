/** Cancel against completion, grant against cancel of a permit, timer against event. */
import { caller, racer } from '../agents.ts';
import { outputsOf, runsOf } from '../checks.ts';
import { kernel } from '../kernel.ts';
import type { Scenario, World } from '../world.ts';
import { onFirst, onSecond } from './channels.ts';

const callers = kernel.register(caller);
const racers = kernel.register(racer);

export const cancelAgainstCompletion: Scenario = {
  name: 'cancel against completion',
  agents: [callers],
  replicas: 2,
  clients: [
    async (client) => {
      const runId = await client.start(callers, { prompt: 'a' }, { pipeline: onFirst });
      await client.sleep(40);
      await client.tell(runId, 'cancel');
    },
    async (client) => {
      const runId = await client.start(callers, { prompt: 'b' }, { pipeline: onSecond });
      await client.sleep(5);
      await client.tell(runId, 'cancel');
    },
  ],
  outcome: endedEitherWay,
};

export const grantAgainstCancel: Scenario = {
  name: 'grant against cancel of a permit',
  agents: [callers],
  replicas: 1,
  settings: { permitsMax: 1 },
  ceiling: 1,
  clients: [
    async (client) => {
      await client.start(callers, { prompt: 'a' });
      await client.start(callers, { prompt: 'b' });
    },
    async (client) => {
      const first = await client.start(callers, { prompt: 'c' });
      const second = await client.start(callers, { prompt: 'd' });
      await client.tell(first, 'cancel');
      await client.sleep(45);
      await client.tell(second, 'cancel');
    },
  ],
  outcome: endedEitherWay,
};

/** A run is cancelled, or it has completed with the right answer, and nothing in between. */
function endedEitherWay(world: World): unknown {
  return outputsOf(world).map(({ status, output }) => {
    if (status === 'cancelled') return 'ended';
    const text = (output as { readonly text?: string } | null)?.text ?? '';
    return status === 'completed' && text !== '' ? 'ended' : status;
  });
}

export const timerAgainstEvent: Scenario = {
  name: 'timer against event',
  agents: [racers],
  replicas: 2,
  clients: [
    async (client) => {
      const runId = await client.start(racers, null, { pipeline: onFirst });
      await client.sleep(20);
      await client.send(runId, { type: 'AGAIN' });
      await client.sleep(36);
      await client.send(runId, { type: 'GO' });
    },
    async (client) => {
      const runId = await client.start(racers, null, { pipeline: onSecond });
      await client.sleep(38);
      await client.send(runId, { type: 'GO' });
    },
  ],
  // The first state is left once, by whichever came first; the second by its deadline.
  outcome: (world) =>
    outputsOf(world).map(({ status, output }) => {
      const { seen } = output as { readonly seen: readonly string[] };
      return [status, seen.length, ['go', 'late'].includes(seen[0] ?? ''), seen[1]];
    }),
  check: lateTimers,
};

/** What a takeover may take: a lease and some; each fault of a schedule may ask for one more. */
const takeoverMs = 1_000;

/** What a timer may be late by in this world. */
function lateMsMaxOf(world: World): number {
  const faults = world.schedule.filter((action) => action.do !== 'slow').length;
  return takeoverMs * (1 + faults) + world.slowestMs;
}

/** When an entry of a run's journal was written that fits; infinite when there is none. */
function writtenAtMs(world: World, runId: string, entry: RegExp): number {
  const rows = world.store.database.tables.journal.all().filter((row) => row.runId === runId);
  return Math.min(
    ...rows.filter(({ entriesText }) => entry.test(entriesText)).map(({ atMs }) => atMs),
  );
}

/** Promise 4: no timer rings early, and none is armed anew from zero. */
function lateTimers(world: World): string[] {
  return runsOf(world).flatMap(({ runId }) => {
    const atOf = (entry: RegExp): number => writtenAtMs(world, runId, entry);
    const lateMs = atOf(/timer.*second/) - (atOf(/"GO"|timer.*first/) + 2_000);
    if (lateMs < 0) return [`timer early: by ${-lateMs} ms`];
    return lateMs > lateMsMaxOf(world) ? [`timer late: by ${lateMs} ms`] : [];
  });
}

export const shortBehindLong: Scenario = {
  name: 'a short timer behind long ones',
  agents: [racers],
  replicas: 1,
  clients: [
    async (client) => {
      // Both wait two seconds from here on.
      for (const pipeline of ['a', 'b']) {
        const runId = await client.start(racers, null, { pipeline });
        await client.send(runId, { type: 'GO' });
      }
      await client.start(racers, null, { pipeline: 'c' });
    },
  ],
  outcome: (world) => outputsOf(world).map(({ status }) => status),
  check: (world) =>
    runsOf(world).flatMap(({ runId }) => {
      const atOf = (entry: RegExp): number => writtenAtMs(world, runId, entry);
      const lateMs = atOf(/timer.*first/) - (atOf(/"start"/) + 40);
      const isLate = Number.isFinite(lateMs) && lateMs > lateMsMaxOf(world);
      return [...(isLate ? [`timer late: by ${lateMs} ms`] : []), ...lateTimers(world)];
    }),
};
