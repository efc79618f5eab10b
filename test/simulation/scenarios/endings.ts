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

/** Promise 4: no timer rings early, and none is armed anew from zero. */
function lateTimers(world: World): string[] {
  const faults = world.schedule.filter((action) => action.do !== 'slow').length;
  const lateMsMax = takeoverMs * (1 + faults) + world.slowestMs;
  return runsOf(world).flatMap((run) => {
    const rows = world.store.database.tables.journal
      .all()
      .filter(({ runId }) => runId === run.runId);
    const atOf = (entry: RegExp): number =>
      Math.min(
        ...rows.filter(({ entriesText }) => entry.test(entriesText)).map(({ atMs }) => atMs),
      );
    const lateMs = atOf(/timer.*second/) - (atOf(/"GO"|timer.*first/) + 2_000);
    if (lateMs < 0) return [`timer early: by ${-lateMs} ms`];
    return lateMs > lateMsMax ? [`timer late: by ${lateMs} ms`] : [];
  });
}
