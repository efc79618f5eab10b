/** Evaluations over the API. */
import type { Page } from '../api-types.ts';
import type { Transport } from '../transport.ts';
import type { Evaluation, EvaluationCounts, EvaluationsQuery } from '../types/evaluations.ts';

/** Evaluations over the API. */
export class Evaluations {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Gives a run an evaluation: a score from 0 to 1, and why. */
  async submit(
    runId: string,
    evaluation: {
      /** From 0 to 1. */
      readonly score: number;
      /** The reason for the score, in words. */
      readonly rationale: string;
    },
  ): Promise<{
    /** Names the evaluation. */
    readonly evaluationId: string;
  }> {
    type Body = { readonly evaluationId: string };
    const path = `/v1/runs/${encodeURIComponent(runId)}/evaluations`;
    return (await this.#transport.ask<Body>('POST', path, { body: evaluation })).body;
  }

  /** A page of evaluations, newest first. */
  async list(query: EvaluationsQuery = {}): Promise<Page<Evaluation>> {
    type Body = { readonly evaluations: readonly Evaluation[]; readonly cursor: string };
    const { body } = await this.#transport.ask<Body>('GET', '/v1/evaluations', { query });
    return { items: body.evaluations, cursor: body.cursor };
  }

  /** Scores by agent and version. */
  async totals(query: Pick<EvaluationsQuery, 'agent' | 'version'> = {}): Promise<EvaluationCounts> {
    const path = '/v1/evaluations/totals';
    return (await this.#transport.ask<EvaluationCounts>('GET', path, { query })).body;
  }
}
