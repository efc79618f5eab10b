/** What must be true at the end of every world, whatever the schedule was. */
import { isRunEvent, type JournalEntry } from '../../src/domain/event.ts';
import type { Json } from '../../src/domain/json.ts';
import type { Agent, ChartState, Step } from '../../src/kernel/port.ts';
import { runKey } from '../../src/store/memory/stored-rows.ts';
import type { RunRow } from '../../src/store/rows.ts';
import { audit } from '../../src/store/memory/audit.ts';
import { rungTimers } from './rings.ts';
import { tenant, type World } from './world.ts';

/** Every check has a name; what it finds begins with it. */
export function checkEnd(world: World): void {
  if (world.troubles.some((trouble) => trouble.startsWith('stuck'))) return tellStuck(world);
  checkAudit(world);
  checkRest(world);
  checkGroups(world);
  checkPrivateReaders(world);
  checkMemory(world);
  checkCalls(world);
  markStaleTimers(world);
  for (const run of runsOf(world)) checkJournal(world, run);
  for (const finding of world.scenario.check?.(world) ?? []) world.troubles.push(finding);
}

export function runsOf(world: World): RunRow[] {
  return world.store.database.tables.runs.all().sort((a, b) => (a.runId < b.runId ? -1 : 1));
}

function tellStuck(world: World): void {
  for (const run of runsOf(world)) {
    if (run.endedAtMs === null)
      world.trouble('stuck run', `${run.agent} ${run.runId} is ${run.status}`);
  }
}

function checkAudit(world: World): void {
  const facts = audit(world.store.database, tenant);
  const none = [
    'doubledMessages',
    'channelGaps',
    'memoryGaps',
    'doubledEvaluations',
    'orphanedSubscriptions',
    'journalGaps',
    'slotsInUse',
  ] as const;
  for (const name of none) {
    if (facts[name] === 0 || (name === 'slotsInUse' && hasFencedSlots(world))) continue;
    world.trouble(`audit ${name}`, facts[name]);
  }
}

/**
 * Slot rows are not fenced: a commit of an owner that has lost its shards says what its slots do, and
 * if that owner dies then, its rows stay so until the shard's next takeover.
 */
function hasFencedSlots({ history }: World): boolean {
  const { reached } = history;
  return reached.has('fenced commit refused') || reached.has('slots of lost shards written');
}

/** Nothing is held by what has ended. */
function checkRest(world: World): void {
  const { inbox, timers, waiters, delayed, questions } = world.store.database.tables;
  for (const row of inbox.all()) world.trouble('rest inbox', row);
  for (const row of timers.all()) world.trouble('rest timer', row);
  for (const row of questions.all()) world.trouble('rest question', row);
  for (const row of waiters.all()) world.trouble('rest waiter', row);
  for (const row of delayed.all()) world.trouble('rest delayed', row);
  for (const { alive, name, runtime } of world.replicas) {
    if (!alive) continue;
    const { permitsInUse, inMemory, pool } = runtime.stats();
    if (permitsInUse !== 0) world.trouble('permits', `${name} holds ${permitsInUse}`);
    if (inMemory !== 0) world.trouble('memory', `${name} keeps ${inMemory} runs that have ended`);
    const { inFlight, queued, backoff } = pool;
    if (inFlight + queued + backoff > 0) world.trouble('pool', { name, inFlight, queued, backoff });
  }
}

/** Promise 2: of what a group took nothing is skipped, and each run took in order. */
function checkGroups(world: World): void {
  const { cursors, leases, subscriptions } = world.store.database.tables;
  const firsts = new Map<string, number>();
  const taken = new Map<string, number[]>();
  for (const { channels, delivered } of subscriptions.all()) {
    for (const { channel, seq } of delivered) {
      const at = channels.find((one) => one.channel === channel);
      if (at === undefined || at.group === null) continue;
      const key = `${channel}/${at.group}`;
      taken.set(key, [...(taken.get(key) ?? []), seq]);
      firsts.set(key, Math.min(firsts.get(key) ?? seq, seq));
    }
  }
  for (const [key, seqs] of taken) {
    const first = firsts.get(key) ?? 1;
    const sorted = [...seqs].sort((a, b) => a - b);
    const wanted = sorted.map((_, i) => first + i);
    if (String(sorted) !== String(wanted))
      world.trouble('group skipped or doubled', { key, sorted });
    const cursor = cursors
      .all()
      .find(({ channel, group }) => `${channel}/${group}` === key)?.cursor;
    if (leases.all().length === 0 && cursor !== undefined && cursor !== sorted.at(-1)) {
      world.trouble('group cursor', { key, cursor, sorted });
    }
  }
}

/** A run outside groups sees its channel whole and in order. */
function checkPrivateReaders(world: World): void {
  const seen = new Map<string, number[]>();
  const order = [...world.store.database.tables.subscriptions.all()];
  for (const { runId, channels, delivered } of order) {
    for (const { channel, seq } of delivered) {
      if (channels.find((one) => one.channel === channel)?.group !== null) continue;
      const key = `${runId}/${channel}`;
      seen.set(key, [...(seen.get(key) ?? []), seq]);
    }
  }
  for (const [key, seqs] of seen) {
    const first = seqs[0] ?? 1;
    if (seqs.some((seq, i) => seq !== first + i))
      world.trouble('reader skipped or doubled', { key, seqs });
  }
}

/** Chains: each version names a run and turn that has committed, and turns only rise. */
function checkMemory(world: World): void {
  const { versions, runs } = world.store.database.tables;
  for (const { runId, turn, key } of versions.all()) {
    if (runId === null || turn === null) continue;
    const run = runs.get(runKey({ tenant, runId }));
    if (run === undefined || run.turn < turn) world.trouble('memory writer', { key, runId, turn });
  }
}

/** Promise 3: what was asked twice was counted, and nothing was asked twice without a fault. */
function checkCalls(world: World): void {
  const { history, store } = world;
  let again = 0;
  for (const times of history.calls.values()) again += times - 1;
  let counted = 0;
  for (const { duplicates } of store.database.tables.slots.all()) counted += duplicates;
  // Slot rows are not fenced, so where commits overtake one another a row may tell less than was done.
  // Where replicas only die, every call that is made again is counted.
  const onlyCrashes = world.schedule.every((action) => action.do === 'crash');
  if (again > counted && onlyCrashes)
    world.trouble('calls made again uncounted', { again, counted });
  if (again > 0 && world.schedule.length === 0) world.trouble('calls made again', { again });
}

/** A timer that rang and said nothing: the chart had left its state, or armed it anew. */
function markStaleTimers(world: World): void {
  for (const run of runsOf(world)) {
    const heard = journalOf(world, run).flatMap(({ entry }) =>
      entry.kind === 'timer' ? [`chart/${entry.id}/${entry.generation}`] : [],
    );
    const rung = rungTimers().filter(({ runId }) => runId === run.runId);
    const isStale = rung.some(
      ({ timerId, generation }) => !heard.includes(`${timerId}/${generation}`),
    );
    if (isStale) world.history.reached.add('stale timer ignored');
  }
}

/** Promise 10: the journal, each turn folded with its build, gives the stored state, byte for byte. */
function checkJournal(world: World, run: RunRow): void {
  const { kernel } = world;
  const agents = world.agents.filter(({ name }) => name === run.agent);
  let agent = agents[0];
  if (agent === undefined) return;
  let state: ChartState | null = null;
  for (const { entry, build } of journalOf(world, run)) {
    if (!isRunEvent(entry)) continue;
    const own: Agent = agents.find((one) => one.build === build) ?? agent;
    if (state !== null && own !== agent) {
      state = kernel.restore(own, kernel.persist(agent, state), run.runId, agent.build);
    }
    agent = own;
    if (entry.kind === 'start') {
      state = kernel.start(agent, entry.input, run.runId).state;
      continue;
    }
    const step: Step | null = state === null ? null : kernel.step(agent, state, entry, run.runId);
    if (step === null || step.stale) {
      world.trouble('journal does not fold', { runId: run.runId, entry });
      return;
    }
    state = step.state;
  }
  const persist = state?.status === 'active' ? kernel.persist : kernel.persistEnded;
  const text = state === null ? null : persist(agent, state);
  if (text !== run.chartText) world.trouble('journal is not the state', { runId: run.runId });
}

type JournalLine = { readonly entry: JournalEntry; readonly build: string | null };

export function journalOf(world: World, run: RunRow): JournalLine[] {
  return world.store.database.tables.journal
    .by('run', runKey(run))
    .sort((a, b) => a.turn - b.turn)
    .flatMap(({ entriesText, build }) =>
      (JSON.parse(entriesText) as JournalEntry[]).map((entry) => ({ entry, build })),
    );
}

/** Outputs by agent, in the order of their starts. */
export function outputsOf(world: World): { agent: string; status: string; output: Json }[] {
  return runsOf(world).map(({ agent, status, outputText }) => ({
    agent,
    status,
    output: outputText === null ? null : (JSON.parse(outputText) as Json),
  }));
}
