/** A run as the library gives it: the same calls as in the HTTP API. */
import type { Observable, Observer } from 'rxjs';
import type { Attempt } from '../domain/calls/attempt.ts';
import type { GenerateMessage } from '../domain/catalogue.ts';
import { heddleError } from '../domain/errors.ts';
import { asWhole, refuseField } from '../domain/field.ts';
import { checkName, type RunId } from '../domain/ids.ts';
import { toJson, type Json } from '../domain/json.ts';
import type { OneTenant } from '../domain/scope.ts';
import { limits } from '../domain/limits.ts';
import { asOptions } from '../domain/options.ts';
import { hearGiven } from '../domain/plain/refused.ts';
import { checkEvent } from './agents/fits.ts';
import { checkAnswer, openQuestion, questionNamed, type OpenQuestion } from './answers.ts';
import type { AnswerOf, EmittedAs, EmittedOf, EventOf, OutputOf } from './chart-types.ts';
import {
  conversationOf,
  journalOf,
  type ConversationOptions,
  type JournalLine,
  type ScopedRun,
} from './run-history.ts';
import { hearEmitted } from './live/emitted.ts';
import { attemptsOf } from './past/run-attempts.ts';
import { requested } from './outside/requested.ts';
import { reasonText, sentEvent, type SendRequest } from './requests.ts';
import {
  snapshotAt,
  turnsOf,
  type PastRead,
  type PastSnapshot,
  type Turn,
  type TurnsQuery,
} from './past/past.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { CallDelta, TextDelta } from '../runtime/calls/texts.ts';
import { ownersOf } from './relay/owners.ts';
import { besideOf, type Beside, type BesideReads } from './why/beside.ts';
import { waitText } from './why/wait-words.ts';
import { whyOf, type Why } from './why/why.ts';
import { lendingPermit } from '../runtime/tasks/task-permit.ts';
import { asError, endOf } from './run-end.ts';
import type {
  InboxArrival,
  InboxKind,
  NewRun,
  QuestionRow,
  RunAddress,
  RunRow,
} from '../store/rows.ts';
import type { RequestAsked } from '../store/requests/request-rows.ts';

/** Who holds the handle: the scope within which the run was found, and who stands beside what they command. */
type RunCaller = {
  readonly scope: OneTenant;
  readonly by: string;
  readonly request?: RequestAsked | null;
};

/** The result of `on`. */
export type Subscription = {
  /** Stops calling the handler. */
  readonly unsubscribe: () => void;
};

/** Options of `output`. */
export type OutputOptions = {
  /** After this time, in ms, `output` throws `run-not-finished`. Default: it waits without a limit. */
  readonly timeoutMs?: number;
};

/**
 * A run, wherever it lives. `Chart` is the type of its agent's chart (`Run<typeof editor>`) and types
 * its output, events and answers. Plain `Run` is a run whose chart is not known; any `Run<…>` can be
 * given where a plain one is wanted.
 */
export class Run<out Chart = unknown> {
  /** Names the run for ever. */
  readonly id: RunId;
  /** The run's tenant. */
  readonly tenant: string;
  readonly #address: RunAddress;
  readonly #scope: OneTenant;
  readonly #by: string;
  readonly #request: RequestAsked | null;
  readonly #runtime: Runtime;

  /** @internal */
  constructor(runtime: Runtime, address: RunAddress, { scope, by, request }: RunCaller) {
    this.#runtime = runtime;
    this.#scope = scope;
    this.#by = by;
    this.#request = request ?? null;
    this.#address = address;
    this.id = address.runId;
    this.tenant = address.tenant;
  }

  /** The run's row: status, reason, turn, input, output, error. */
  async row(): Promise<RunRow> {
    const row = await this.#runtime.store.run(this.#scope, this.id);
    if (row === null) throw heddleError('run-unknown', { runId: this.id });
    return row;
  }

  /** The run's status as it is now. */
  async status(): Promise<RunRow['status']> {
    return (await this.row()).status;
  }

  /**
   * The things for which the run waits, in words for people: each call, task, question, channel,
   * child and timer, with the end of its wait. Null when the run has ended.
   */
  async waitsFor(): Promise<string | null> {
    const row = await this.row();
    return waitText(row, await this.beside(row));
  }

  /** @internal For surfaces: the rows beside the run's own that say what it waits for. */
  beside(row: RunRow): Promise<Beside> {
    return besideOf(this.#besideReads, this.#scope, row);
  }

  /**
   * Why the run is where it is, as data and in words: what it waits for and since when, which runs stand in
   * its way, its error. Which run will publish a message is inferred from the charts of its pipeline.
   */
  async why(): Promise<Why> {
    const { known } = this.#runtime;
    const definitionOf = ({ agent, version }: RunRow) => known.definition(agent, version);
    return whyOf({ ...this.#besideReads, scope: this.#scope, definitionOf }, await this.row());
  }

  get #besideReads(): BesideReads {
    return { store: this.#runtime.store, owners: ownersOf(this.#runtime) };
  }

  /**
   * The chart's output, when the run has completed; null when it gives none. Rejects with the run's
   * error when it failed or was cancelled, and with `run-not-finished` after `timeoutMs` (default:
   * none). While the database is away it waits. A task that waits here lends its permit meanwhile.
   */
  async output(options: OutputOptions = {}): Promise<OutputOf<Chart>> {
    const given = asOptions(options, 'output', ['timeoutMs']);
    const timeoutMs = asWhole(given.timeoutMs, 'output.timeoutMs', {
      min: 0,
      max: 2_147_483_647,
      fallback: null,
    });
    const row = await lendingPermit((lend) =>
      endOf(this.#runtime, this.#address, { timeoutMs, look: () => this.row(), lend }),
    );
    if (row.status === 'completed') {
      const output: unknown = row.outputText === null ? null : JSON.parse(row.outputText);
      return output as OutputOf<Chart>;
    }
    throw asError(row.error ?? { code: 'error', message: `The run is ${row.status}.` });
  }

  /**
   * Sends an event to the chart. Resolves when the event is durable; the run takes its events in order.
   *
   * With an `idempotencyKey` the event counts once, however often it is sent. A key is known for a day,
   * the newest 1,000 of a run. The same key with another event throws `send-key-used`.
   *
   * Throws `invalid-event` when the agent has a schema for the type, and the event does not fit it.
   *
   * An event that no state takes stands in the journal with `handled: false`. If the chart declares the
   * event nowhere, the host's log gets a warning, once for each version and type.
   */
  async send(event: EventOf<Chart>, options: SendRequest = {}): Promise<void> {
    return hearGiven(event, () => this.#send(event, options));
  }

  async #send(event: unknown, options: SendRequest): Promise<void> {
    const { payload, once } = sentEvent(event, options);
    const { known, unheard } = this.#runtime;
    const run = isNewRun(this.#address) ? this.#address : await this.row();
    await checkEvent(known, run, payload);
    unheard.warn(run, payload.type);
    await this.#arrive('event', { payload, ...(once === null ? {} : { once }) });
  }

  /**
   * Answers a question that the run asks (`ask`). The answer is checked against the question's schema.
   * Resolves when the answer is the question's. A second answer throws `ask-answered`, and an answer to
   * a question that is no longer open throws `ask-unknown`.
   *
   * `askId` comes from `questions()` and names one question for ever. The id of an invocation is taken too, and
   * means the question that is open under it now: a person may have seen the one before.
   */
  async answer(askId: string, answer: AnswerOf<Chart>): Promise<void> {
    // The answer is copied now, because its caller may change it later. A value that is not JSON may
    // hold promises that reject.
    const payload = toJson(answer, 'answer') ?? null;
    const asked = await this.#asked();
    const question = questionNamed(asked, this.id, askId);
    if (question === undefined) throw heddleError('ask-unknown', { runId: this.id, askId });
    const { askId: ref, schema } = openQuestion(question);
    if (question.answered) throw heddleError('ask-answered', { runId: this.id, askId: ref });
    await checkAnswer(schema, payload);
    const { invocationId, incarnation } = question;
    const once = { kind: 'answer', invocationId, incarnation } as const;
    await this.#arrive('answer', { payload, ref, key: `answer:${ref}`, once });
  }

  /** The run's open questions without an answer, oldest first. */
  async questions(): Promise<readonly OpenQuestion[]> {
    return (await this.#asked()).filter(({ answered }) => !answered).map(openQuestion);
  }

  #past(): PastRead {
    const { agents, clock, kernel, store } = this.#runtime;
    return { agents, clock, kernel, store, scope: this.#scope };
  }

  get #place(): ScopedRun {
    return { scope: this.#scope, runId: this.id };
  }

  #asked(): Promise<readonly QuestionRow[]> {
    const query = { runId: this.id, limit: limits.invocationsMax };
    return this.#runtime.store.questions(this.#scope, query);
  }

  /** Ends the run: its children, calls, tasks and waits end with it. */
  async cancel(reason = 'no reason given'): Promise<void> {
    await this.#arrive('cancel', { payload: reasonText(reason) });
  }

  /**
   * Pauses the run: it takes no event until `resume`. Calls under way are finished, and their results
   * kept.
   */
  async pause(reason = 'no reason given'): Promise<void> {
    await this.#arrive('pause', { payload: reasonText(reason) });
  }

  /** Undoes `pause`. */
  async resume(reason = 'no reason given'): Promise<void> {
    await this.#arrive('resume', { payload: reasonText(reason) });
  }

  /**
   * The messages of one of the run's conversations, in order: the one that its chart names in `generate`, or
   * `loop` for a tool loop. Empty until the first call is answered, for a call that fails leaves nothing.
   */
  async conversation(
    name: string,
    options: ConversationOptions = {},
  ): Promise<readonly GenerateMessage[]> {
    return conversationOf(this.#runtime.store, this.#place, { name, options });
  }

  /** The run as it was after this turn. Throws `invalid-field` for a turn that was not. */
  async snapshotAt(turn: number): Promise<PastSnapshot> {
    return snapshotAt(this.#past(), await this.row(), turn);
  }

  /** Turns of the run in order, from either end of its journal. */
  async turns(query: TurnsQuery = {}): Promise<readonly Turn[]> {
    return turnsOf(this.#past(), await this.row(), query);
  }

  /** The run's journal so far, in order. It is read in pages. */
  journal(): AsyncGenerator<JournalLine, void, undefined> {
    return journalOf(this.#runtime.store, this.#place);
  }

  /**
   * The attempts of the run's provider calls so far: which provider each went to, when it was sent and ended, and how.
   * Of those without an answer the newest are kept, and the very last may not be written yet.
   */
  attempts(): AsyncGenerator<Attempt, void, undefined> {
    return attemptsOf(this.#runtime.store, this.#place);
  }

  /**
   * Texts of models for this run as they arrive: for display only, nothing of them is committed. Gives those
   * of calls that this process makes, and completes when the run ends or `close` is called.
   */
  texts(): Observable<TextDelta> {
    return this.#runtime.texts.texts.run(this.id, (listener) => this.#untilItEnds(listener));
  }

  /** Text, reasoning and tool calls of models for this run as they arrive: for display only, as `texts`. */
  deltas(): Observable<CallDelta> {
    return this.#runtime.texts.deltas.run(this.id, (listener) => this.#untilItEnds(listener));
  }

  #untilItEnds(listener: Observer<never>): () => void {
    const unwatch = this.#runtime.runEvents.run(this.id, ({ ended }) => {
      if (ended) listener.complete();
    });
    // A run that has ended before this tells its watchers of no end, so its row is read.
    this.row().then(
      ({ endedAtMs }) => {
        if (endedAtMs !== null) listener.complete();
      },
      (error: unknown) => listener.error(error),
    );
    return unwatch;
  }

  /**
   * Calls `handler` for each event of this type that the chart emits; `*` for all types. It is called
   * after the commit, in this process, at most once: an event that is emitted while another replica owns
   * the run, or before `on` is called, is not heard. Publish an event that must be heard. An error that
   * the handler throws is logged.
   */
  on<const Type extends EmittedOf<Chart>['type'] | '*'>(
    type: Type,
    handler: (event: EmittedAs<Chart, Type>) => unknown,
  ): Subscription {
    checkName(type, 'on.type');
    if (typeof handler !== 'function') refuseField('on.handler', 'must be a function');
    // The chart's types declare what it emits; XState trusts them in the same way.
    const heard = handler as (event: unknown) => unknown;
    return { unsubscribe: hearEmitted(this.#runtime, this.id, { type, heard }) };
  }

  async #arrive(
    kind: InboxKind,
    arrival: Partial<Pick<InboxArrival, 'ref' | 'key' | 'once'>> & { readonly payload: Json },
  ): Promise<void> {
    const { payload, ref = null, key = null, once } = arrival;
    const payloadText = JSON.stringify(payload);
    const { tenant, runId, shard } = this.#address;
    const row = { tenant, runId, shard, kind, ref, payloadText, key, by: this.#by };
    const value = {
      ...row,
      ...(once === undefined ? {} : { once }),
      ...requested(this.#request, null),
    };
    const fate = await this.#runtime.arrive({ kind: 'inbox', value });
    if (fate?.kind === 'refused') throw asError(fate.error);
  }
}

/** False for a run that was started before under the same key. */
function isNewRun(address: RunAddress | NewRun): address is NewRun {
  return 'version' in address;
}
