/**
 * What a parent says to a child in the macrostep in which it stops it is heard, as by a live actor,
 * and what the child answers is heard by the parent: for random orders of spawning, sending and
 * stopping, over several macrosteps of one event, with children that end by what they hear.
 */
import fc from 'fast-check';
import { assign, createActor, sendParent, sendTo, setup, spawnChild, stopChild } from 'xstate';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { oneReplica } from '../support/replica.ts';

type Said = { readonly do: 'say' | 'end'; readonly n: number };
type Deed = Said | { readonly do: 'spawn' } | { readonly do: 'stop' };
/** `chained`: the parent sends the next move to itself, so that both are macrosteps of one event. */
type Move = { readonly deeds: readonly Deed[]; readonly chained: boolean };

beforeAll(() => {
  // XState warns of what is said to a child that has ended.
  vi.spyOn(console, 'warn').mockImplementation(() => undefined);
});
afterAll(() => {
  vi.restoreAllMocks();
});

/** Whom kids' custom actions tell: the live actor and heddle take turns. */
let heard: string[] = [];

const kid = setup({
  types: { events: {} as { type: 'SAY' | 'END'; n: number } },
  actions: {
    hear: ({ event }) => {
      heard.push(`${event.type} ${event.n}`);
    },
  },
}).createMachine({
  id: 'kid',
  entry: sendParent({ type: 'BORN', n: 0 }),
  initial: 'listening',
  states: {
    listening: {
      on: {
        SAY: { actions: ['hear', sendParent(({ event }) => ({ type: 'ACK', n: event.n }))] },
        END: { target: 'over', actions: 'hear' },
      },
    },
    over: { type: 'final', entry: sendParent(({ event }) => ({ type: 'BYE', n: event.n })) },
  },
  output: 7,
});

function actionsOf({ deeds, chained }: Move, at: number): unknown[] {
  const own = deeds.map((deed) => {
    switch (deed.do) {
      case 'spawn':
        return spawnChild('kid', { id: 'k' });
      case 'stop':
        return stopChild('k');
      case 'say':
      case 'end':
        return sendTo('k', { type: deed.do.toUpperCase(), n: deed.n });
    }
  });
  return chained ? [...own, sendTo(({ self }) => self, { type: `M${at + 1}` })] : own;
}

/** Writes down what the parent hears. */
const log = assign({
  log: ({
    context,
    event,
  }: {
    context: { log: string[] };
    event: { type: string; n?: number };
  }) => [...context.log, `${event.type} ${event.n ?? '-'}`],
}) as never;

function parentOf(moves: readonly Move[]) {
  const heardTypes = ['BORN', 'ACK', 'BYE', 'xstate.done.actor.k'];
  const config = {
    id: 'parent',
    context: { log: [] },
    on: Object.fromEntries<object>([
      ...heardTypes.map((type) => [type, { actions: log }] as const),
      ...moves.map((move, at) => [`M${at}`, { actions: actionsOf(move, at) }] as const),
    ]),
  };
  return setup({ actors: { kid } }).createMachine(config as never);
}

/** The same with the child invoked: said in the exit actions of the state that is left. */
function leaverOf(words: readonly Said[], how: 'leave' | 'end' | 'reenter') {
  const exit = words.map((word) => sendTo('k', { type: word.do.toUpperCase(), n: word.n }));
  const target = { leave: 'b', end: 'f', reenter: 'a' }[how];
  return setup({ actors: { kid } }).createMachine({
    id: 'parent',
    context: { log: [] },
    on: Object.fromEntries(
      ['BORN', 'ACK', 'BYE', 'xstate.done.actor.k'].map((type) => [type, { actions: log }]),
    ),
    initial: 'a',
    states: {
      a: {
        invoke: { id: 'k', src: 'kid' },
        exit,
        on: { M0: { target, reenter: true } },
      },
      b: {},
      f: { type: 'final' },
    },
  } as never);
}

type Seen = { readonly log: readonly string[]; readonly heard: readonly string[] };
type Parent = ReturnType<typeof parentOf>;

function live(parent: Parent, events: readonly string[]): Seen {
  heard = [];
  const actor = createActor(parent).start();
  for (const type of events) actor.send({ type });
  const { log } = actor.getSnapshot().context as { log: string[] };
  return { log, heard };
}

async function own(parent: Parent, events: readonly string[]): Promise<Seen> {
  heard = [];
  const { heddle, clock } = await oneReplica({ agents: [parent, kid] });
  const run = await heddle.start('parent');
  await clock.idle();
  for (const type of events) {
    await run.send({ type });
    await clock.idle();
  }
  const { chartText } = await run.row();
  const { context } = JSON.parse(chartText ?? '') as { context: { log: string[] } };
  // Nobody is left behind that the parent has stopped.
  for (const row of await heddle.runs({ agent: 'kid' })) {
    expect(['completed', 'cancelled', 'waiting-on-person']).toContain(row.status);
  }
  await heddle.close();
  return { log: context.log, heard };
}

/** Deeds that a live parent could do: it spawns where none is, and says something to one that is. */
const moves = fc
  .array(fc.record({ picks: fc.array(fc.nat(5), { maxLength: 6 }), chained: fc.boolean() }), {
    minLength: 1,
    maxLength: 5,
  })
  .map((drafts): readonly Move[] => {
    let isThere = false;
    let n = 0;
    const deedsOf = (picks: readonly number[]): readonly Deed[] =>
      picks.map((pick): Deed => {
        const wasThere = isThere;
        isThere = !wasThere || pick > 0;
        if (!wasThere) return { do: 'spawn' };
        n += 1;
        return pick === 0 ? { do: 'stop' } : { do: pick === 1 ? 'end' : 'say', n };
      });
    const made = drafts.map(({ picks, chained }, at): Move => {
      return { deeds: deedsOf(picks), chained: chained && at < drafts.length - 1 };
    });
    return made.map((move, at) => withoutFencedEnds(move, made.slice(at + 1)));
  });

/** The completion of one that another has followed is stale to heddle: live, it would be the other's. */
function withoutFencedEnds({ deeds, chained }: Move, next: readonly Move[]): Move {
  const unchained = next.findIndex((move) => !move.chained);
  const following = chained ? next.slice(0, unchained + 1).flatMap((move) => move.deeds) : [];
  const isFollowed = (at: number): boolean =>
    [...deeds.slice(at), ...following].some((later) => later.do === 'spawn');
  const kept = deeds.map((deed, at): Deed => {
    return deed.do === 'end' && isFollowed(at) ? { ...deed, do: 'say' } : deed;
  });
  return { deeds: kept, chained };
}

/** By number of a word: which of the children that were spawned one after the other it was said to. */
function childrenOf(script: readonly Move[]): ReadonlyMap<number, number> {
  const of = new Map<number, number>();
  let children = 0;
  for (const deed of script.flatMap(({ deeds }) => deeds)) {
    if (deed.do === 'spawn') children += 1;
    else if ('n' in deed) of.set(deed.n, children);
  }
  return of;
}

/**
 * What each child has heard, in its order. Two children, one stopped and one new, are two runs: which
 * of them hears first, and is heard first by their parent, is not promised.
 */
function byChild(words: readonly string[], of: ReadonlyMap<number, number>): string[][] {
  const heardBy: string[][] = [];
  for (const word of words) {
    const child = of.get(Number(word.split(' ')[1])) ?? 0;
    heardBy[child] = [...(heardBy[child] ?? []), word];
  }
  return heardBy;
}

const numRuns = Number(process.env['FC_RUNS'] ?? 150);

test(
  'words between spawn and stop are heard as by a live child',
  { timeout: 240_000 },
  async () => {
    let words = 0;
    await fc.assert(
      fc.asyncProperty(moves, async (script) => {
        const parent = parentOf(script);
        const events = script.flatMap((_, at) => (script[at - 1]?.chained ? [] : [`M${at}`]));
        const expected = live(parent, events);
        words += expected.heard.length;
        const seen = await own(parent, events);
        const of = childrenOf(script);
        expect({ log: seen.log.toSorted(), heard: byChild(seen.heard, of) }).toEqual({
          log: expected.log.toSorted(),
          heard: byChild(expected.heard, of),
        });
      }),
      { numRuns },
    );
    expect(words).toBeGreaterThan(numRuns);
  },
);

const leaving = fc.record({
  words: fc.array(
    fc.record({ do: fc.constantFrom('say' as const, 'end' as const), n: fc.nat(9) }),
    { maxLength: 3 },
  ),
  how: fc.constantFrom('leave' as const, 'end' as const, 'reenter' as const),
});

test(
  'words of a state that is left are heard by what it invoked',
  { timeout: 240_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(leaving, async ({ words, how }) => {
        const said = words.map((word) =>
          how === 'reenter' ? { ...word, do: 'say' as const } : word,
        );
        const parent = leaverOf(said, how) as Parent;
        expect(await own(parent, ['M0'])).toEqual(live(parent, ['M0']));
      }),
      { numRuns: 60 },
    );
  },
);
