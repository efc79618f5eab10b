/** Circuits of one tenant: as many as end are started again, so that 3,000 runs are open all the time. */
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { startsOf } from '../../../src/circuits/circuit.ts';
import { createClient, type Start } from '../../../src/client/index.ts';

const runsOpen = 3_000;
const circuitsAtOnce = 100;

export class Feed {
  readonly #client: pg.Client;
  readonly #at: { readonly url: string; readonly tenant: string };
  #n = 0;
  #isOver = false;
  #feeding: Promise<void> = Promise.resolve();

  constructor(databaseUrl: string, at: { readonly url: string; readonly tenant: string }) {
    this.#client = new pg.Client({ connectionString: databaseUrl });
    this.#at = at;
  }

  /** Resolves when that many are open. */
  async begin(): Promise<void> {
    await this.#client.connect();
    await this.#fill();
    this.#feeding = (async () => {
      while (!this.#isOver) {
        await pause(500);
        await this.#fill();
      }
    })();
  }

  async close(): Promise<void> {
    this.#isOver = true;
    await this.#feeding.catch((error: unknown) => console.log(`the feed ended: ${String(error)}`));
    await this.#client.end();
  }

  async #fill(): Promise<void> {
    const { url, tenant } = this.#at;
    const { rows } = await this.#client.query<{ open: number }>(
      'select count(*)::int as open from heddle.runs where tenant = $1 and ended_at is null',
      [tenant],
    );
    const { runs } = createClient({ url, tenant });
    const of = { mode: 'statechart', tenant, circuitsPerUser: 10 } as const;
    for (let open = rows[0]?.open ?? 0; open < runsOpen; open += circuitsAtOnce * 3) {
      const numbers = Array.from({ length: circuitsAtOnce }, () => ++this.#n);
      // The tenant is the client's.
      const starts = numbers.flatMap((n) =>
        startsOf(n, of).map(
          ({ agent, user, pipeline, input }) => ({ agent, user, pipeline, input }) as Start,
        ),
      );
      await runs.startAll(starts);
    }
  }
}
