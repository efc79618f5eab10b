/**
 * However long a line is and whatever it waits for, it holds no turn up (promise 7): what happens to a run
 * beside it, or in it, is in the second batch that begins afterwards.
 */
import { setup } from 'xstate';
import { describe, expect, it } from 'vitest';
import { task, type Heddle, type Json, type Run } from '../../../src/index.ts';
import type { Batch } from '../../../src/store/batch.ts';
import {
  oneReplica,
  type Replica,
  type ReplicaOptions,
  type World,
} from '../../support/replica.ts';
import { script, type ScriptStep } from '../../support/script-agent.ts';
import { scriptedProvider, type ScriptedProvider } from '../../support/scripted-provider.ts';
import { watchedCommits } from '../../support/watched-commits.ts';

/** Runs in the line; `HEDDLE_LINE=10000` has as many, and takes some minutes. */
const long = Number(process.env['HEDDLE_LINE'] ?? 1_500);

type Scene = World & Replica & { readonly seen: Batch[]; readonly provider: ScriptedProvider };

type Line = {
  readonly options?: ReplicaOptions;
  readonly ceiling?: number;
  readonly agent?: string;
  /** What those in it show. */
  readonly shows: string;
  /** Before they start. */
  readonly before?: (heddle: Heddle) => Promise<void>;
  /** What makes them wait: from the first call on. */
  readonly begin?: (provider: ScriptedProvider) => void;
};

const worker = setup({
  actors: { work: task(() => new Promise(() => undefined)) },
}).createMachine({ id: 'worker', invoke: { id: 'work', src: 'work' } });

const failAll =
  (kind: 'outage' | 'refused') =>
  ({ calls }: ScriptedProvider): void => {
    for (const call of calls) call.fail(kind);
  };

const lines: Readonly<Record<string, Line>> = {
  'for a slot': { shows: 'calling-provider' },
  'for a permit': {
    options: { settings: { permitsMax: 1 } },
    agent: 'worker',
    shows: 'running-task',
  },
  'for a budget': {
    shows: 'stalled',
    before: (heddle) => heddle.setBudget({ user: 'crowd' }, { tokens: 1 }),
  },
  'of a cooling provider': {
    shows: 'calling-provider',
    begin: ({ calls }) => calls[0]?.fail('rate-limited', 3_600_000),
  },
  'of a stalled provider': { ceiling: 5, shows: 'stalled', begin: failAll('outage') },
  'of a parked provider': { shows: 'stalled', begin: failAll('refused') },
  'in backoff': {
    ceiling: long,
    options: { settings: { permitsMax: long } },
    shows: 'backoff',
    begin: failAll('outage'),
  },
};

const step = (...steps: readonly ScriptStep[]) => ({ input: { steps } as unknown as Json });

/** What happens to a run; `await` it for what the caller hears. */
type Happening = (at: Scene, run: Run) => Promise<unknown>;

const beside: Readonly<
  Record<string, { readonly waits: ScriptStep; readonly happens: Happening }>
> = {
  answer: {
    waits: { do: 'ask', with: { question: 'Go on?' } },
    happens: (_, run) => run.answer('ask', true),
  },
  'outside event': { waits: { do: 'wait' }, happens: (_, run) => run.send({ type: 'go' }) },
  message: {
    waits: { do: 'receive', with: { channel: 'news' } },
    happens: ({ heddle }) => heddle.publish('news', 1),
  },
  cancel: { waits: { do: 'wait' }, happens: (_, run) => run.cancel() },
  pause: { waits: { do: 'wait' }, happens: (_, run) => run.pause() },
};

async function scene(line: Line): Promise<Scene> {
  const { seen, between } = watchedCommits();
  const provider = scriptedProvider({ ceiling: line.ceiling ?? 1 });
  const made = await oneReplica({
    agents: [script, worker],
    providers: [provider],
    between,
    ...line.options,
  });
  return { ...made, seen, provider };
}

async function fill({ heddle, clock, provider }: Scene, line: Line): Promise<void> {
  await line.before?.(heddle);
  const { agent = 'script' } = line;
  const ask = step({ do: 'generate', with: { prompt: 'why?' } });
  for (let left = long; left > 0; left -= 500) {
    await heddle.startAll(
      Array.from({ length: Math.min(500, left) }, () => ({ agent, user: 'crowd', ...ask })),
    );
  }
  await clock.idle();
  line.begin?.(provider);
}

const has =
  ({ id }: Pick<Run, 'id'>) =>
  ({ turns }: Batch): boolean =>
    turns.some(({ runId }) => runId === id);

/** Which batch, of those that begin from now on, has the turn: 1 for the first. */
async function batchOf(at: Scene, run: Run, happens: () => Promise<unknown>): Promise<number> {
  const before = at.seen.length;
  const over = happens();
  await at.clock.idle();
  await over;
  return at.seen.slice(before).findIndex(has(run)) + 1;
}

describe.each(Object.entries(lines))(`${long} runs in a line %s`, (_, line) => {
  it('hold nothing up, beside the line or in it', { timeout: 300_000 }, async () => {
    const at = await scene(line);
    const { heddle, clock, seen } = at;
    const waiting = new Map<string, Run>();
    for (const [name, { waits }] of Object.entries(beside)) {
      waiting.set(name, await heddle.start('script', step(waits)));
    }
    const during = await heddle.start('script', step({ do: 'wait' }));
    await clock.idle();
    await fill(at, line);
    const found: Record<string, number> = {};
    // While the line comes to be, with what ten thousand runs have to show of it.
    found['while it changes'] = await batchOf(at, during, () => during.cancel());
    const inLine = await heddle.runs({ statuses: [line.shows as never], limit: 1_000 });
    expect(inLine.length).toBeGreaterThanOrEqual(999);
    for (const [name, { happens }] of Object.entries(beside)) {
      const run = waiting.get(name) as Run;
      found[name] = await batchOf(at, run, () => happens(at, run));
    }
    const paused = waiting.get('pause') as Run;
    found['resume'] = await batchOf(at, paused, () => paused.resume());
    for (const name of ['cancel', 'pause', 'resume'] as const) {
      const row = inLine[name === 'cancel' ? 500 : 600];
      const run = await heddle.run(row?.runId ?? '');
      found[`${name} in line`] = await batchOf(at, run, () => run[name]());
    }
    const before = seen.length;
    const started = await heddle.start('script', step());
    await clock.idle();
    found['start'] = seen.slice(before).findIndex(has(started)) + 1;
    const sleeper = await heddle.start('script', step({ do: 'sleep', ms: 100 }));
    await clock.advance(99);
    found['timer'] = await batchOf(at, sleeper, () => clock.advance(1));
    expect(found).toEqual(
      Object.fromEntries(Object.keys(found).map((name) => [name, expect.toBeOneOf([1, 2])])),
    );
    at.crash();
  });
});
