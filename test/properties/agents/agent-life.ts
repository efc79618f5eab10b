/** One case: the agent in a world of two replicas, the people around it, and what must be true at its end. */
import type { RunId } from '../../../src/domain/ids.ts';
import type { Agent } from '../../../src/kernel/port.ts';
import { checkEnd, journalOf, runsOf } from '../../simulation/checks.ts';
import type { Client } from '../../simulation/client.ts';
import { kernel } from '../../simulation/kernel.ts';
import { performTasksBy } from '../../simulation/tasks.ts';
import type { MemoryStore } from '../../../src/store/memory/memory-store.ts';
import { World, type Seam } from '../../simulation/world.ts';
import type { Damage } from '../requests/damages.ts';
import type { AgentCase, Decision, Deed } from './agent-case.ts';
import { conversationChart } from './conversation-chart.ts';
import { loopOf } from './loops.ts';
import { answersIn, providers, Wires } from './wires.ts';

export type Reached = Record<string, number>;

/** What a bug would do. */
export type Planted = { readonly damage?: Damage; readonly seam?: Seam };

const charts = kernel.register(conversationChart);
const taskMs = 15;
const lateMs = 60;
/** A person looks so often whether there is something to do, and has enough after so many times. */
const lookMs = 100;
const looksMax = 30;

/** Throws what was wrong with it. */
export async function live(
  agentCase: AgentCase,
  reached: Reached,
  { damage = (valid) => valid, seam = {} }: Planted = {},
): Promise<void> {
  const builds = buildsOf(agentCase);
  const [agent] = builds;
  if (agent === undefined) {
    reached['refused at the edge'] = (reached['refused at the edge'] ?? 0) + 1;
    return;
  }
  const wires = new Wires({ agentCase, reached, damage });
  const world: World = new World(
    {
      name: 'whole agents',
      agents: [agent],
      replicas: 2,
      providers,
      calls: (provider, call) =>
        wires.answer(provider, call, takenBefore(world, call.idempotencyKey)),
      clients: [(client) => accompany(client, agentCase, builds)],
      outcome: () => null,
    },
    kernel,
    agentCase.schedule,
    agentCase.isAmongOlder ? { wrapStore: amongOlder } : seam,
  );
  performTasksBy((what) => performed(world, what));
  const undo = wires.listen();
  try {
    await world.run();
  } finally {
    undo();
  }
  if (wires.refusal !== null) throw wires.refusal;
  checkEnd(world);
  if (world.troubles.length > 0) throw new Error(world.troubles.join('\n'));
  tell(world, reached);
}

/** As while a database is shared with a replica of an earlier release. */
export function amongOlder(store: MemoryStore): MemoryStore {
  return {
    ...store,
    renew: async (replica) => ({ ...(await store.renew(replica)), hasOlder: true }),
  };
}

/** The answers that a run's journal held before it began the call with this key: see `answersIn`. */
function takenBefore(world: World, key: string): readonly number[] {
  const runId = key.slice(0, 36);
  const run = runsOf(world).find((row) => row.runId === runId);
  const [, incarnation] = /(\d+)(?:\/repair-1)?$/.exec(key) ?? [];
  if (run === undefined || incarnation === undefined) throw new TypeError(`a strange key: ${key}`);
  return journalOf(world, run).flatMap(({ entry }) => {
    if (entry.kind !== 'done' || entry.incarnation >= Number(incarnation)) return [];
    return answersIn(JSON.stringify(entry.output ?? null)).slice(0, 1);
  });
}

/** The agent, and what it is replaced by. */
function buildsOf(agentCase: AgentCase): readonly Agent[] {
  if (agentCase.kind === 'chart') return [charts];
  const { routes } = agentCase;
  const first = loopOf(agentCase, 0, routes[0]);
  const second = loopOf(agentCase, 1, routes[1]);
  return [first, second].flatMap((loop) => (loop === null ? [] : [kernel.register(loop)]));
}

/** A tool's work outside: `how:key`. */
function performed(world: World, what: string): Promise<string> {
  const [how] = what.split(':');
  return new Promise((resolve, reject) => {
    if (how === 'hangs') return;
    const done = (): void => (how === 'throws' ? reject(new Error('no way')) : resolve('done'));
    const item = { kind: 'reply', what: `tool ${what}`, replica: null, happen: done } as const;
    world.timeline.add(item, how === 'late' ? lateMs : taskMs);
  });
}

async function accompany(
  client: Client,
  { kind, steps, patiencesMs, deeds, decisions }: AgentCase,
  builds: readonly Agent[],
): Promise<void> {
  const [agent] = builds;
  if (agent === undefined) throw new TypeError('there is no agent');
  const input = kind === 'chart' ? { steps, patiencesMs } : { prompt: 'Begin.' };
  const runId = await client.start(agent, input);
  const isOpen = (): boolean => client.row(runId)?.endedAtMs === null;
  for (const { afterMs, deed } of deeds) {
    await client.sleep(afterMs);
    await answerAll(client, runId, decisions);
    if (isOpen()) await doDeed(client, runId, deed, builds);
  }
  for (let looks = 0; looks < looksMax && isOpen(); looks++) {
    await client.sleep(lookMs);
    for (const { alive, ready, runtime } of client.world.replicas) {
      if (!alive || !ready) continue;
      const order = { kind: 'reopen', endsCooling: false, by: 'test' } as const;
      // A store that is away: the next look gives it again.
      for (const { name } of providers) runtime.orderProvider(name, order).catch(() => undefined);
    }
    await answerAll(client, runId, decisions);
  }
  if (isOpen()) await client.tell(runId, 'cancel');
}

async function doDeed(
  client: Client,
  runId: RunId,
  deed: Deed,
  builds: readonly Agent[],
): Promise<void> {
  switch (deed.deed) {
    case 'skip':
      await client.send(runId, { type: 'skip' });
      return;
    case 'pause':
      await client.tell(runId, 'pause');
      await client.sleep(lookMs);
      await client.tell(runId, 'resume');
      return;
    case 'cancel':
      await client.tell(runId, 'cancel');
      return;
    case 'deploy':
      if (builds.length > 1) client.world.deploy(builds.slice(1));
      return;
    case 'say':
      await client.publish(`chat/${runId}/prompts`, deed.prompt);
  }
}

async function answerAll(
  client: Client,
  runId: RunId,
  decisions: readonly Decision[],
): Promise<void> {
  const { questions } = client.world.store.database.tables;
  for (const asked of questions.all().filter((row) => row.runId === runId)) {
    const decision = decisions[asked.incarnation % decisions.length] ?? 'nothing';
    if (decision !== 'nothing') await client.answerTo(asked, answers[decision]);
  }
}

const answers: Readonly<Record<Exclude<Decision, 'nothing'>, unknown>> = {
  allow: { decision: 'allow' },
  deny: { decision: 'deny', reason: 'no' },
  edit: { decision: 'edit', arguments: { of: 'a bag' } },
  spoil: { decision: 'edit', arguments: { of: 7 } },
};

function tell({ history }: World, reached: Reached): void {
  const count = (what: string, by = 1): void => {
    reached[what] = (reached[what] ?? 0) + by;
  };
  count('crashes', history.crashes);
  count('crashes in work', history.crashesInWork);
  for (const status of history.statuses) count(`a run that is ${status}`);
}
