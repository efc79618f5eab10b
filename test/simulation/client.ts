/**
 * Somebody outside: starts runs, publishes, sends, cancels. It talks to one replica, and when that
 * dies before it has answered, finds out whether it was heard and asks another if not, as a client
 * with idempotency keys does.
 */
import { allTenants } from '../../src/access/scopes.ts';
import { askIdOf } from '../../src/domain/ask-id.ts';
import type { JsonObject } from '../../src/domain/json.ts';
import type { RunId } from '../../src/domain/ids.ts';
import type { Agent } from '../../src/kernel/port.ts';
import type { Arrival } from '../../src/runtime/wake/arrivals.ts';
import { newMessage, newRun } from '../../src/library/requests.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';
import type { ArrivalKind, FateOf } from '../../src/store/fates.ts';
import { runKey } from '../../src/store/memory/stored-rows.ts';
import type { RequestMark } from '../../src/store/requests/request-rows.ts';
import type { InboxArrival, InboxKind, NewRun, QuestionRow, RunRow } from '../../src/store/rows.ts';
import type { Replica } from './replica.ts';
import { tenant, type World } from './world.ts';

export type StartOptions = {
  readonly user?: string;
  readonly pipeline?: string;
  readonly idempotencyKey?: string;
};

const askAgainMs = 40;

export class Client {
  readonly world: World;
  readonly #home: number;

  constructor(world: World, home: number) {
    this.world = world;
    this.#home = home;
  }

  get nowMs(): number {
    return this.world.nowMs;
  }

  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const item = { kind: 'command', what: 'goes on', replica: null } as const;
      this.world.timeline.add({ ...item, happen: () => resolve() }, delayMs);
    });
  }

  /** Runs that are accepted together. */
  async startAll(
    starts: readonly {
      readonly agent: Agent;
      readonly input: unknown;
      readonly options?: StartOptions;
    }[],
  ): Promise<RunId[]> {
    const { world } = this;
    const runs = starts.map(({ agent, input, options }) =>
      newRun(agent, world.ids.run(), { given: { tenant, input, ...options } }, allTenants),
    );
    await this.#ask(`starts ${starts.map(({ agent }) => agent.name).join()}`, {
      isKnown: () => this.#areThere(runs),
      ask: async (runtime) => {
        const fates = await runtime.startRuns(runs);
        return fates.find((fate) => fate?.kind === 'refused') ?? null;
      },
    });
    for (const run of runs) world.history.accepted.add(run);
    return runs.map(({ runId }) => runId);
  }

  async start(agent: Agent, input: unknown, options: StartOptions = {}): Promise<RunId> {
    const [runId] = await this.startAll([{ agent, input, options }]);
    if (runId === undefined) throw new TypeError('a start was not answered');
    return runId;
  }

  async publish(channel: string, payload: unknown, delayMs = 0): Promise<string> {
    const messageId: string = this.world.ids.run();
    const value = newMessage({ channel, payload, messageId }, { tenant, delayMs }, allTenants);
    await this.#arrive(`publishes to ${channel}`, { kind: 'messages', value });
    return messageId;
  }

  send(runId: RunId, event: JsonObject & { readonly type: string }): Promise<boolean> {
    return this.#inbox(runId, 'event', { payload: event });
  }

  /** To the question that the run asks under this id, if it asks one: told whether it counts. */
  async answer(runId: RunId, invocationId: string, payload: unknown): Promise<boolean> {
    const asked = this.question(runId, invocationId);
    return asked !== undefined && this.answerTo(asked, payload);
  }

  question(runId: RunId, invocationId: string): QuestionRow | undefined {
    const { questions } = this.world.store.database.tables;
    return questions.all().find((row) => row.runId === runId && row.invocationId === invocationId);
  }

  answerTo(asked: QuestionRow, payload: unknown): Promise<boolean> {
    const { runId, invocationId, incarnation } = asked;
    const ref = askIdOf(asked);
    const once = { kind: 'answer', invocationId, incarnation } as const;
    return this.#inbox(runId, 'answer', { payload, ref, key: `answer:${ref}`, once });
  }

  tell(runId: RunId, what: 'cancel' | 'pause' | 'resume'): Promise<boolean> {
    return this.#inbox(runId, what, { payload: `a person said ${what}` });
  }

  /** A write from outside, upon the version that it has read. */
  async remember(owner: string, key: string, value: unknown): Promise<boolean> {
    const at = { tenant, scope: 'user', owner, key };
    const newest = this.world.store.database.tables.entries
      .all()
      .find((entry) => entry.owner === owner && entry.key === key)?.newest;
    const row = { ...at, version: (newest ?? 0) + 1, valueText: JSON.stringify(value) };
    const memory = { ...row, deleted: false, runId: null, turn: null };
    return this.#arrive(`remembers ${key}`, { kind: 'memory', value: memory });
  }

  /** Through the store of a replica that lives: for consumers outside runs. */
  async through<Result>(
    label: string,
    ask: (runtime: Runtime) => Promise<Result>,
  ): Promise<Result> {
    for (;;) {
      const replica = await this.#reach(label);
      try {
        const result = await Promise.race([ask(replica.runtime), replica.died]);
        if (result !== 'died') return result;
      } catch {
        // Not answered: whoever asks must ask again.
      }
    }
  }

  /** Asks again under the key until it is answered, and gives what the request has come to. */
  async keyed(
    label: string,
    ask: (runtime: Runtime) => {
      readonly request: RequestMark;
      readonly fate: Promise<FateOf[ArrivalKind] | null>;
    },
  ): Promise<string> {
    for (;;) {
      const { fate, request } = await this.through(label, async (runtime) => {
        const asked = ask(runtime);
        return { request: asked.request, fate: await asked.fate };
      });
      if (fate?.kind === 'repeated') return JSON.parse(fate.answerText) as string;
      if (fate?.kind !== 'refused') return JSON.parse(request.answerText) as string;
      if (fate.error.code !== 'request-running') throw new Error(fate.error.message);
      await this.sleep(askAgainMs);
    }
  }

  row(runId: RunId): RunRow | undefined {
    return this.world.store.database.tables.runs.get(runKey({ tenant, runId }));
  }

  async #inbox(
    runId: RunId,
    kind: InboxKind,
    arrival: Partial<Pick<InboxArrival, 'ref' | 'key' | 'once'>> & { readonly payload: unknown },
  ): Promise<boolean> {
    const row = this.row(runId);
    if (row === undefined) throw new TypeError(`${kind} to a run that is not there`);
    const { payload, ...parts } = arrival;
    const payloadText = JSON.stringify(payload);
    const { shard } = row;
    const value = { tenant, runId, shard, kind, ref: null, payloadText, key: null, ...parts };
    return this.#arrive(`${kind} to ${row.agent}`, { kind: 'inbox', value });
  }

  /** False when it was refused. */
  #arrive(label: string, arrival: Arrival): Promise<boolean> {
    const { accepted } = this.world.history;
    return this.#ask(label, {
      isKnown: () => accepted.has(arrival.value),
      ask: (runtime) => runtime.arrive(arrival),
    });
  }

  async #ask(
    label: string,
    asked: {
      readonly isKnown: () => boolean;
      /** Null: accepted as it was asked. */
      readonly ask: (runtime: Runtime) => Promise<FateOf[ArrivalKind] | null>;
    },
  ): Promise<boolean> {
    for (;;) {
      const replica = await this.#reach(label);
      let outcome: FateOf[ArrivalKind] | null | 'died' | 'failed';
      try {
        outcome = await Promise.race([asked.ask(replica.runtime), replica.died]);
      } catch (error) {
        this.world.say(`${label}: ${String(error)}`);
        outcome = 'failed';
      }
      if (outcome !== 'died' && outcome !== 'failed') return outcome?.kind !== 'refused';
      // What was sent may still arrive: only then is it certain whether it was heard.
      while (this.world.timeline.isUnderWay(replica)) await this.sleep(askAgainMs);
      if (asked.isKnown()) return true;
    }
  }

  async #reach(label: string): Promise<Replica> {
    for (let waitMs = 0; ; waitMs = askAgainMs) {
      await new Promise<void>((resolve) => {
        const item = { kind: 'command', replica: null, what: label } as const;
        this.world.timeline.add({ ...item, happen: () => resolve() }, waitMs);
      });
      const replica = this.world.reach(this.#home);
      if (replica !== null) return replica;
    }
  }

  #areThere(runs: readonly NewRun[]): boolean {
    const there = runs.filter((run) => this.row(run.runId) !== undefined).length;
    if (there > 0 && there < runs.length) {
      this.world.trouble('half a start', `${there} of ${runs.length} runs were accepted`);
    }
    return there === runs.length;
  }
}
