/** The questions of all runs of the tenant that nobody has answered, over the API. */
import type { Transport } from './transport.ts';
import type { Page, Question } from './api-types.ts';
import type { QuestionsQuery } from './types/questions.ts';

/** Open questions of all runs: an inbox. `runs.questions` has those of one run, `runs.answer` answers. */
export class Questions {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** A page of them, the oldest first. */
  async list(query: QuestionsQuery = {}): Promise<Page<Question>> {
    type Body = { readonly questions: readonly Question[]; readonly cursor: string };
    const { body } = await this.#transport.ask<Body>('GET', '/v1/questions', { query });
    return { items: body.questions, cursor: body.cursor };
  }

  /** All questions that the query means, page by page. */
  async *listAll(query: QuestionsQuery = {}): AsyncGenerator<Question, void, undefined> {
    for (let { cursor } = query; ;) {
      const page = await this.list({ ...query, ...(cursor === undefined ? {} : { cursor }) });
      yield* page.items;
      if (page.cursor === '') return;
      ({ cursor } = page);
    }
  }
}
