/** What a run did, over the API: its turns, its snapshots, its attempts, its evaluations. */
import type { Turn } from '../api-types.ts';
import type { Transport } from '../transport.ts';
import type { Evaluation } from '../types/evaluations.ts';
import type {
  Attempt,
  AttemptsWindow,
  RunSnapshot,
  Stoppable,
  TracedTurn,
  TurnsQuery,
} from '../types/past.ts';

const at = (runId: string, rest: string): string => `/v1/runs/${encodeURIComponent(runId)}${rest}`;
const turnsAtOnce = 200;

/** What runs did. */
export class RunRecords {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Turns in order: the first ones above `after` (default 0), or the last ones before `before`. */
  async journal(
    runId: string,
    { signal, ...query }: TurnsQuery & Stoppable = {},
  ): Promise<readonly Turn[]> {
    type Body = { readonly turns: readonly Turn[] };
    const asked = { query, signal };
    return (await this.#transport.ask<Body>('GET', at(runId, '/journal'), asked)).body.turns;
  }

  /** Turns in order, with the edges that each took. Without `after` or `before`: the last ones. */
  async turns(
    runId: string,
    { signal, ...query }: TurnsQuery & Stoppable = {},
  ): Promise<readonly TracedTurn[]> {
    type Body = { readonly turns: readonly TracedTurn[] };
    const asked = { query, signal };
    return (await this.#transport.ask<Body>('GET', at(runId, '/turns'), asked)).body.turns;
  }

  /** The run as it was after this turn. */
  async snapshotAt(runId: string, turn: number, { signal }: Stoppable = {}): Promise<RunSnapshot> {
    const path = at(runId, `/turns/${encodeURIComponent(turn)}`);
    return (await this.#transport.ask<RunSnapshot>('GET', path, { signal })).body;
  }

  /** The attempts of provider calls in a window of turns. Without `after` or `before`: of the last turns. */
  async attempts(
    runId: string,
    { signal, ...query }: TurnsQuery & Stoppable = {},
  ): Promise<AttemptsWindow> {
    const asked = { query, signal };
    return (await this.#transport.ask<AttemptsWindow>('GET', at(runId, '/attempts'), asked)).body;
  }

  /** All attempts of the run's provider calls so far, window by window. */
  async *attemptsAll(runId: string): AsyncGenerator<Attempt, void, undefined> {
    for (let after = 0; ;) {
      const { from, to, attempts } = await this.attempts(runId, { after, limit: turnsAtOnce });
      yield* attempts;
      if (to - from + 1 < turnsAtOnce) return;
      after = to;
    }
  }

  /** The evaluations that the run was given. */
  async evaluations(runId: string): Promise<readonly Evaluation[]> {
    type Body = { readonly evaluations: readonly Evaluation[] };
    return (await this.#transport.ask<Body>('GET', at(runId, '/evaluations'))).body.evaluations;
  }
}
