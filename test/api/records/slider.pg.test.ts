/**
 * The slider shows what was: on a real Postgres, of a run with several checkpoints, the state that the page's store gives
 * for each turn is the text that its row had at that turn's commit. A trigger has noted the row at each commit, so
 * nothing of heddle has a part in what is compared with.
 */
import { setTimeout } from 'node:timers/promises';
import pg from 'pg';
import { expect, it } from 'vitest';
import { assign, setup } from 'xstate';
import { createClient } from '../../../src/client/index.ts';
import { limits } from '../../../src/domain/limits.ts';
import { catalogue } from '../../../src/index.ts';
import { TurnStore } from '../../../src/ui/run/turns/turn-store.ts';
import { eventually } from '../../support/heddle.ts';
import { testDatabase } from '../../support/postgres.ts';
import { served } from '../served.ts';

const turnsWanted = 2 * limits.checkpointTurns + 15;

type Context = { readonly n: number; readonly list: readonly number[]; readonly half?: number };

/** Goes round by itself, in two regions, with a question that stays open and a timer that is set anew. */
const rounds = setup({
  types: { context: {} as Context },
  actors: { ...catalogue },
  actions: {
    count: assign(({ context: { n, list, ...rest } }) => ({
      ...rest,
      n: n + 1,
      list: [...list, n].slice(-5),
      ...(n % 3 === 0 && { half: n / 2 }),
    })),
  },
}).createMachine({
  id: 'rounds',
  context: { n: 0, list: [] },
  type: 'parallel',
  states: {
    going: {
      initial: 'left',
      states: {
        left: { after: { 1: { target: 'right', actions: 'count' } } },
        right: {
          always: { guard: ({ context }) => context.n >= turnsWanted, target: 'rest' },
          after: { 1: { target: 'left', actions: 'count' } },
        },
        rest: {},
      },
    },
    asking: {
      initial: 'ask',
      states: {
        ask: {
          invoke: { id: 'ask', src: 'ask', input: { question: 'enough?' }, onDone: 'told' },
          after: { 900_000: 'told' },
        },
        told: {},
      },
    },
  },
});

it('each turn’s snapshot is the text that was recorded at its commit', async () => {
  const url = await testDatabase();
  const { heddle, url: at } = await served(url, {}, { agents: [rounds] });
  const database = new pg.Client({ connectionString: url });
  await database.connect();
  await database.query(`
    create table noted (run_id uuid, turn int, chart_text text, primary key (run_id, turn));
    create function note() returns trigger language plpgsql as $$ begin
      insert into noted values (new.run_id, new.turn, new.chart) on conflict do nothing;
      return new;
    end $$;
    create trigger note after insert or update on heddle.runs for each row execute function note();`);
  const { id } = await heddle.start('rounds');
  const client = createClient({ url: at });
  let last = 0;
  while (last < turnsWanted) {
    await setTimeout(100);
    last = (await client.runs.get(id)).turn;
  }
  type Noted = { readonly turn: number; readonly chart_text: string };
  const { rows } = await database.query<Noted>(
    'select turn, chart_text from noted where run_id = $1 and turn between 1 and $2 order by turn',
    // One more may have come meanwhile.
    [id, last],
  );
  const { rows: kept } = await database.query(
    'select turn from heddle.checkpoints where run_id = $1',
    [id],
  );
  await database.end();
  expect(kept.length).toBeGreaterThanOrEqual(2);
  expect(rows.map(({ turn }) => turn)).toEqual(Array.from({ length: last }, (_, n) => n + 1));
  const store = new TurnStore(client, id);
  for (const { turn, chart_text: text } of rows.toReversed()) {
    store.need(turn, last);
    await eventually(async () => expect(store.snapshot(turn)).not.toBeNull());
    await eventually(async () => expect(store.turn(turn)).not.toBeNull());
    type Text = { value: unknown; context: unknown; children?: Open[]; timers?: Open[] };
    const { value, context, children = [], timers = [] } = JSON.parse(text) as Text;
    const shown = store.snapshot(turn);
    expect(shown, `turn ${turn}`).toMatchObject({ turn, asOf: turn, exact: true, value, context });
    expect(shown?.context).toEqual(context);
    const open = [...children.filter(({ ended }) => ended !== true), ...timers].map(nameOf);
    expect(shown?.open.map(nameOf)).toEqual(open);
    expect(store.turn(turn)).toMatchObject({ turn, exact: true, value });
  }
  expect(store.trouble.value).toBeNull();
}, 240_000);

type Open = {
  readonly id: string;
  readonly ended?: boolean;
  readonly incarnation?: number;
  readonly generation?: number;
};

const nameOf = ({ id, incarnation, generation }: Open): string =>
  `${id} ${incarnation ?? generation}`;
