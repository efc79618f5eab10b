/**
 * Kills replicas in the middle of a hundred circuits and lets the next one go on: at every named
 * point and at random moments, some of them while an earlier crash is being mended. After each,
 * everything must have been brought to its end, once.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { oneTenant } from '../../src/access/scopes.ts';
import { openPostgresStore } from '../../src/store/postgres/postgres-store.ts';
import type { Store } from '../../src/store/port.ts';
import type { AuditFacts } from '../../src/store/caller-port.ts';
import { compiled } from '../support/compiled.ts';
import { crashPoints } from './points.ts';

type Kill = {
  /** A named point, or `random` after so many milliseconds. */
  readonly at: string;
  readonly phase: 'open' | 'resume';
};

export type KillFigures = {
  readonly kills: number;
  /** Kills that left runs open: work in flight. */
  readonly inFlight: number;
  /** Of these, kills that hit a commit or a model call under way, as far as was told in time. */
  readonly midTurn: number;
  readonly circuits: number;
  /** Calls that had ended when the process died and were made again later. */
  readonly boughtAgain: number;
  readonly endedBefore: number;
  /** What was wrong, by tenant; empty when all audits are clean. */
  readonly findings: readonly string[];
};

/** A small generator with a seed, so that a failing series can be run again. */
export function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Points in the middle of turns: where most of the kills belong. */
const hotPoints = crashPoints.filter((point) => /^(load|read|commit|call):/.test(point));

/**
 * Every named point once, then the ones in the middle of turns and random moments by turns; a
 * quarter of these while an earlier crash is being mended.
 */
function planKills(count: number, random: () => number): Kill[] {
  return Array.from({ length: count }, (_, i) => {
    const phase = i > 0 && random() < 0.25 ? 'resume' : 'open';
    const pass = 1 + Math.floor(random() * 12);
    const point = crashPoints[i];
    if (point !== undefined) {
      // What happens at the start only, or seldom, is met at its first pass while mending.
      const isHot = (hotPoints as readonly string[]).includes(point);
      return isHot ? { at: `${point} ${pass}`, phase } : { at: `${point} 1`, phase: 'resume' };
    }
    if (i % 2 === 0) return { at: `random ${10 + Math.floor(random() * 250)}`, phase };
    return { at: `${hotPoints[i % hotPoints.length]} ${pass}`, phase };
  });
}

class Replica {
  readonly process: ChildProcess;
  readonly sent = new Set<string>();
  readonly ended = new Set<string>();
  readonly #inFlight = new Set<string>();
  readonly #lines = new Set<string>();
  readonly #waiting = new Map<string, () => void>();
  readonly closed: Promise<void>;
  #commits = 0;

  constructor(args: readonly string[], env: Readonly<Record<string, string>>) {
    this.process = spawn(process.execPath, [script, ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, ...env },
    });
    if (this.process.stdout === null) throw new TypeError('no output to read');
    createInterface({ input: this.process.stdout }).on('line', (line) => this.#hear(line));
    this.closed = new Promise((resolve) => this.process.once('close', () => resolve()));
  }

  get isInFlight(): boolean {
    return this.#commits > 0 || this.#inFlight.size > 0;
  }

  has(line: string): boolean {
    return this.#lines.has(line);
  }

  /** Resolves when the line has come, or the process has ended. */
  async line(line: string): Promise<void> {
    if (this.#lines.has(line)) return;
    await Promise.race([
      new Promise<void>((resolve) => this.#waiting.set(line, resolve)),
      this.closed,
    ]);
  }

  #hear(line: string): void {
    const [word = '', key = ''] = line.split(' ');
    if (word === 'commit') this.#commits += key === 'begins' ? 1 : -1;
    else if (word === 'sent') {
      this.sent.add(key);
      this.#inFlight.add(key);
    } else if (word === 'ended') {
      this.ended.add(key);
      this.#inFlight.delete(key);
    } else {
      this.#lines.add(line);
      this.#waiting.get(line)?.();
    }
  }
}

const script = await compiled('test/crash/child.ts');
const circuitsEach = 100;
const latencyMs = 20;
/** A replica that neither ends nor dies in this time is stuck, and that is a finding. */
const replicaMsMax = 60_000;

export async function killReplicas(options: {
  readonly databaseUrl: string;
  readonly kills: number;
  readonly seed: number;
}): Promise<KillFigures> {
  const { databaseUrl, kills, seed } = options;
  const random = generator(seed);
  const plan = planKills(kills, random);
  const store = await openPostgresStore({ connectionString: databaseUrl });
  const series = new Series(store);
  try {
    for (const [i, kill] of plan.entries())
      await series.one(databaseUrl, `kill/${seed}/${i}`, kill);
    await series.one(databaseUrl, `kill/${seed}/last`, null);
    return series.figures();
  } finally {
    await store.close();
  }
}

class Series {
  readonly #store: Store;
  readonly #unaudited = new Set<string>();
  readonly #findings: string[] = [];
  #lastEnded = new Set<string>();
  #kills = 0;
  #inFlight = 0;
  #midTurn = 0;
  #circuits = 0;
  #boughtAgain = 0;
  #endedBefore = 0;

  constructor(store: Store) {
    this.#store = store;
  }

  async one(databaseUrl: string, tenant: string, kill: Kill | null): Promise<void> {
    const atRandom = kill?.at.startsWith('random') === true;
    const env: Record<string, string> = {};
    if (kill !== null && !atRandom) env['HEDDLE_CRASH_AT'] = kill.at;
    if (kill !== null) env['HEDDLE_CRASH_PHASE'] = kill.phase;
    const args = [databaseUrl, tenant, String(circuitsEach), String(latencyMs)];
    const replica = new Replica(args, env);
    const stuck = setTimeout(() => {
      this.#findings.push(`${tenant}: stuck (${JSON.stringify(kill)})`);
      replica.process.kill('SIGKILL');
    }, replicaMsMax);
    this.#unaudited.add(tenant);
    if (atRandom) await this.#killLater(replica, kill);
    await replica.line('resumed');
    if (replica.has('resumed')) await this.#auditAll(tenant);
    await replica.closed;
    clearTimeout(stuck);
    await this.#count(replica);
    if (replica.has('done')) await this.#auditAll(null);
  }

  async #killLater(replica: Replica, kill: Kill): Promise<void> {
    await replica.line(kill.phase === 'resume' ? 'owned' : 'resumed');
    if (replica.has('resumed')) await this.#auditAll([...this.#unaudited].at(-1) ?? null);
    const afterMs = Number(kill.at.split(' ')[1]);
    await Promise.race([new Promise((resolve) => setTimeout(resolve, afterMs)), replica.closed]);
    replica.process.kill('SIGKILL');
  }

  async #count(replica: Replica): Promise<void> {
    for (const key of replica.sent) if (this.#lastEnded.has(key)) this.#boughtAgain += 1;
    if (replica.process.signalCode !== 'SIGKILL') {
      this.#lastEnded = new Set();
      return;
    }
    this.#kills += 1;
    if (replica.isInFlight) this.#midTurn += 1;
    const open = await this.#store.tenants({ prefix: '', open: true, limit: 1 });
    if (open.length > 0) this.#inFlight += 1;
    this.#endedBefore += replica.ended.size;
    for (const key of replica.ended) this.#lastEnded.add(key);
  }

  /** All that was resumed is at rest now; `but` has just been begun. */
  async #auditAll(but: string | null): Promise<void> {
    for (const tenant of this.#unaudited) {
      if (tenant === but) continue;
      this.#unaudited.delete(tenant);
      const facts = await this.#store.audit(oneTenant(tenant));
      this.#circuits += (facts.runs['completed'] ?? 0) / 3;
      for (const finding of findingsIn(facts)) this.#findings.push(`${tenant}: ${finding}`);
    }
  }

  figures(): KillFigures {
    return {
      kills: this.#kills,
      inFlight: this.#inFlight,
      midTurn: this.#midTurn,
      circuits: this.#circuits,
      boughtAgain: this.#boughtAgain,
      endedBefore: this.#endedBefore,
      findings: this.#findings,
    };
  }
}

/** What a set of whole circuits must leave: see the design of the circuit. */
function findingsIn(facts: AuditFacts): string[] {
  const { completed = 0, ...others } = facts.runs;
  const circuits = completed / 3;
  const expected: Partial<Record<keyof AuditFacts, number>> = {
    channels: 2 * circuits,
    messages: 2 * circuits,
    memoryEntries: 2 * circuits,
    memoryVersions: 3 * circuits,
    evaluations: circuits,
    unconsumedMessages: 0,
    doubledMessages: 0,
    channelGaps: 0,
    memoryGaps: 0,
    doubledEvaluations: 0,
    orphanedSubscriptions: 0,
    journalGaps: 0,
  };
  const findings = Object.entries(expected).flatMap(([name, value]) => {
    const found = facts[name as keyof AuditFacts];
    return found === value ? [] : [`${name} is ${JSON.stringify(found)}, not ${value}`];
  });
  if (Object.keys(others).length > 0) findings.push(`not completed: ${JSON.stringify(others)}`);
  if (!Number.isInteger(circuits)) findings.push(`${completed} runs are no whole circuits`);
  return findings;
}
