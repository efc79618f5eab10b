/** Promise 12: an accepted answer, or an event with a key, counts once, for what it was meant for. */
import { expect } from 'vitest';
import { oneTenant } from '../../../src/access/scopes.ts';
import type { RunId } from '../../../src/domain/ids.ts';
import { limits } from '../../../src/domain/limits.ts';
import type { InboxArrival } from '../../../src/store/rows.ts';
import type { QuestionEnd } from '../../../src/store/batch.ts';
import type { QuestionsAsked } from '../../../src/store/ports/questions-port.ts';
import {
  answer,
  begin,
  endOf,
  event,
  hour,
  keyed,
  newRun,
  question,
  tenant,
  turnOf,
  type Bench,
  type Contract,
} from './fixture.ts';

const accepted = { kind: 'accepted' };
const refused = (code: string) => ({ kind: 'refused', error: { code } });
const closing = (takesAnswer: boolean, invocationId = 'ask'): QuestionEnd[] => [
  { invocationId, takesAnswer },
];

/** A run that asks, at turn 2. */
async function asking(bench: Bench, n = 1) {
  const run = await bench.started(n);
  await bench.turns(turnOf(run, 1, { openQuestions: [question(1)] }));
  return run;
}

const arrive = async (bench: Bench, ...inbox: readonly InboxArrival[]) =>
  (await bench.commit({ arrivals: { inbox } })).inbox;

const texts = async (bench: Bench, n = 1) =>
  (await bench.inbox(newRun(n))).map((row) => row.payloadText);

const all = { assignee: null, agent: null, olderThanMs: 0, after: null, limit: 9 };
const listed = (bench: Bench, parts: Partial<QuestionsAsked> = {}, of = tenant) =>
  bench.store.openQuestions(oneTenant(of), { ...all, ...parts });
const asked = (bench: Bench, parts: { readonly runId?: RunId } = {}) =>
  parts.runId === undefined
    ? listed(bench)
    : bench.store.questions(oneTenant(tenant), { runId: parts.runId, limit: 9 });

export function answersContract({ open, it }: Contract): void {
  it('promise 12: a question is there from the turn that asks to the turn that closes it', async () => {
    const bench = await begin(open);
    const run = await asking(bench);
    await bench.advance(hour);
    const other = await bench.started(2);
    await bench.turns(turnOf(other, 1, { openQuestions: [question(7, 'b'), question(6, 'a')] }));
    const rows = await asked(bench);
    expect(rows).toMatchObject([
      { tenant, runId: run.runId, ...question(1), answered: false },
      { runId: other.runId, ...question(6, 'a') },
      { runId: other.runId, ...question(7, 'b') },
    ]);
    expect(rows[1]!.askedAtMs - rows[0]!.askedAtMs).toBeGreaterThanOrEqual(hour - 1_000);
    expect(rows.slice(0, 1)).toMatchObject(await asked(bench, { runId: run.runId }));
    expect(await listed(bench, { limit: 2 })).toEqual(rows.slice(0, 2));
    expect(await listed(bench, {}, 'other')).toEqual([]);
    await bench.turns(turnOf(run, 2, { closeQuestions: closing(false) }));
    expect(await asked(bench, { runId: run.runId })).toEqual([]);
  });

  it('promise 12: a question takes one answer, and only its own', async () => {
    const bench = await begin(open);
    const run = await asking(bench);
    expect(await arrive(bench, answer(run, 2))).toMatchObject([refused('ask-unknown')]);
    expect(await arrive(bench, answer(run, 1, { invocationId: 'other' }))).toMatchObject([
      refused('ask-unknown'),
    ]);
    const first = await bench.commit({ arrivals: { inbox: [answer(run, 1)] } });
    expect(first.inbox).toEqual([accepted]);
    expect(first.wakes).toMatchObject([{ runId: run.runId }]);
    const second = await bench.commit({ arrivals: { inbox: [answer(run, 1, { says: 'no' })] } });
    expect(second.inbox).toMatchObject([refused('ask-answered')]);
    expect(second.wakes).toEqual([]);
    expect(await bench.inbox(run)).toMatchObject([
      { kind: 'answer', ref: answer(run, 1).ref, payloadText: '"yes"' },
    ]);
    expect(await asked(bench, { runId: run.runId })).toMatchObject([{ answered: true }]);
    expect(await asked(bench)).toEqual([]);
  });

  it('promise 12: an answer to what is closed, ended or was never there is refused in words', async () => {
    const bench = await begin(open);
    const run = await asking(bench);
    await bench.turns(turnOf(run, 2, { closeQuestions: closing(false) }));
    expect(await arrive(bench, answer(run, 1), answer(newRun(9), 1))).toMatchObject([
      refused('ask-unknown'),
      refused('run-unknown'),
    ]);
    await bench.turns(endOf(run, 3));
    expect(await arrive(bench, answer(run, 1))).toMatchObject([refused('run-ended')]);
  });

  it('promise 12: of two answers in one batch the first counts', async () => {
    const bench = await begin(open);
    const run = await asking(bench);
    const both = [answer(run, 1, { says: 'a' }), answer(run, 1, { says: 'b' })];
    expect(await arrive(bench, ...both)).toMatchObject([accepted, refused('ask-answered')]);
    expect(await texts(bench)).toEqual(['"a"']);
  });

  it('promise 12: a late answer in the batch of the right one takes nothing from it', async () => {
    const bench = await begin(open);
    const run = await asking(bench);
    const again = { closeQuestions: closing(false), openQuestions: [question(4)] };
    await bench.turns(turnOf(run, 2, again));
    const outcomes = await arrive(bench, answer(run, 1), answer(run, 4));
    expect(outcomes).toMatchObject([refused('ask-unknown'), accepted]);
  });

  it('promise 12: of answers at the same time one counts', async () => {
    const bench = await begin(open);
    const run = await asking(bench);
    const outcomes = await Promise.all(
      Array.from({ length: 8 }, (_, n) => arrive(bench, answer(run, 1, { says: `${n}` }))),
    );
    expect(outcomes.flat().filter(({ kind }) => kind === 'accepted')).toHaveLength(1);
    expect(await bench.inbox(run)).toHaveLength(1);
  });

  it('promise 12: what arrives together keeps its order, and is told one by one', async () => {
    const bench = await begin(open);
    const run = await asking(bench);
    const rows = [
      event(run, 'a'),
      answer(run, 1),
      event(newRun(9), 'x'),
      keyed(run, 'b', 'k'),
      event(run, 'c'),
    ];
    expect(await arrive(bench, ...rows)).toMatchObject([
      accepted,
      accepted,
      refused('run-unknown'),
      accepted,
      accepted,
    ]);
    expect(await texts(bench)).toEqual(['{"type":"a"}', '"yes"', '{"type":"b"}', '{"type":"c"}']);
  });

  it('promise 12: a turn does not close a question past its answer, its neighbours go on', async () => {
    const bench = await begin(open);
    const run = await asking(bench);
    const other = await asking(bench, 2);
    await arrive(bench, answer(run, 1));
    const leaving = { closeQuestions: closing(false), openQuestions: [question(3)] };
    const outcome = await bench.commit({
      turns: [turnOf(run, 2, leaving), turnOf(other, 2, leaving)],
    });
    expect(outcome.turns).toEqual([
      { kind: 'answered', invocationId: 'ask' },
      { kind: 'committed' },
    ]);
    expect((await bench.load(run)).run.turn).toBe(2);
    expect(await asked(bench, { runId: run.runId })).toMatchObject([question(1)]);
    expect(await asked(bench, { runId: other.runId })).toMatchObject([question(3)]);
    const takenInbox = (await bench.inbox(run)).map(({ seq }) => seq);
    await bench.turns(
      turnOf(run, 2, { takenInbox, closeQuestions: closing(true), openQuestions: [question(3)] }),
    );
    expect(await asked(bench, { runId: run.runId })).toMatchObject([
      { ...question(3), answered: false },
    ]);
    expect(await arrive(bench, answer(run, 1), answer(run, 3))).toMatchObject([
      refused('ask-unknown'),
      accepted,
    ]);
  });

  it('promise 12: a run does not end past an answer that its turn has not seen', async () => {
    const bench = await begin(open);
    const run = await asking(bench);
    await arrive(bench, answer(run, 1));
    const unseen = await bench.commit({
      turns: [endOf(run, 2, { closeQuestions: closing(false) })],
    });
    expect(unseen.turns).toMatchObject([{ kind: 'answered' }]);
    await bench.turns(endOf(run, 2, { closeQuestions: closing(true) }));
    expect(await asked(bench, { runId: run.runId })).toEqual([]);
  });

  it('promise 12: closing what was never opened is no trouble', async () => {
    const bench = await begin(open);
    const run = await bench.started(1);
    await bench.turns(turnOf(run, 1, { closeQuestions: closing(false) }));
  });

  it('promise 12: an answer against the turn that closes its question: one of them, never both', async () => {
    const bench = await begin(open);
    const seen = new Set<string>();
    for (let n = 1; n <= 30; n++) {
      const run = await asking(bench, n);
      const timesOut = (): ReturnType<Bench['commit']> =>
        bench.commit({ turns: [turnOf(run, 2, { closeQuestions: closing(false) })] });
      const says = (): ReturnType<typeof arrive> => arrive(bench, answer(run, 1));
      const answersFirst = n % 2 === 0;
      const first = answersFirst ? says() : timesOut();
      const second = answersFirst ? timesOut() : says();
      const both = await Promise.all([first, second]);
      const [told] = (answersFirst ? both[0] : both[1]) as Awaited<ReturnType<typeof says>>;
      const turn = ((answersFirst ? both[1] : both[0]) as Awaited<ReturnType<typeof timesOut>>)
        .turns[0]!;
      expect([told!.kind, turn.kind]).toEqual(
        told!.kind === 'accepted' ? ['accepted', 'answered'] : ['refused', 'committed'],
      );
      seen.add(turn.kind);
    }
    expect([...seen].sort()).toEqual(['answered', 'committed']);
  });

  it('promise 12: the same commit again tells the same', async () => {
    const bench = await begin(open);
    const run = await asking(bench);
    const inbox = [answer(run, 1), answer(run, 1), event(run, 'e'), keyed(run, 'a', 'k')];
    const batch = bench.batch({ arrivals: { inbox: [...inbox, keyed(run, 'b', 'k')] } });
    const first = await bench.send(batch);
    expect(first.inbox.map(({ kind }) => kind)).toEqual([
      'accepted',
      'refused',
      'accepted',
      'accepted',
      'refused',
    ]);
    expect((await bench.send(batch)).inbox).toEqual(first.inbox);
    const takenInbox = (await bench.inbox(run)).map(({ seq }) => seq);
    await bench.turns(turnOf(run, 2, { takenInbox, closeQuestions: closing(true) }));
    expect((await bench.send(batch)).inbox).toEqual(first.inbox);
    expect(await bench.inbox(run)).toEqual([]);
  });

  it('promise 12: an answer behind more rows than a turn takes is seen', async () => {
    const bench = await begin(open);
    const run = await asking(bench);
    const many = Array.from({ length: limits.turnEventsMax }, (_, n) => event(run, `e${n}`));
    await arrive(bench, ...many, event(run, 'more'), answer(run, 1), event(run, 'most'));
    const loaded = await bench.load(run);
    expect(loaded.inbox).toHaveLength(limits.turnEventsMax);
    expect(loaded.laterAnswers).toMatchObject([{ kind: 'answer', payloadText: '"yes"' }]);
    const takenInbox = loaded.inbox.map(({ seq }) => seq);
    await bench.turns(turnOf(run, 2, { takenInbox }));
    const next = await bench.load(run);
    expect(next.inbox.map(({ payloadText }) => payloadText)).toEqual([
      '{"type":"more"}',
      '"yes"',
      '{"type":"most"}',
    ]);
    expect(next.laterAnswers).toEqual([]);
  });

  it('promise 11: an answer that Postgres refuses is poison for itself alone', async () => {
    const bench = await begin(open);
    const run = await asking(bench);
    const bad = { ...answer(run, 1), payloadText: '"nul \u0000"' };
    expect(await arrive(bench, bad, answer(run, 1))).toMatchObject([
      refused('store-poison'),
      accepted,
    ]);
  });

  it('promise 5: what was asked goes with its run', async () => {
    const bench = await begin(open);
    const run = await asking(bench);
    await arrive(bench, keyed(run, 'a', 'k'));
    await bench.turns(endOf(run, 2));
    await bench.advance(hour);
    await bench.store.prune({ olderThanMs: 1_000, limit: 9 });
    expect(await asked(bench, { runId: run.runId })).toEqual([]);
    await bench.commit({ arrivals: { starts: [run] } });
    expect(await arrive(bench, keyed(run, 'b', 'k'))).toEqual([accepted]);
  });
}

export function sentKeysContract({ open, it }: Contract): void {
  it('promise 12: an event counts once under its key, also when it has been taken', async () => {
    const bench = await begin(open);
    const [run, other] = [await bench.started(1), await bench.started(2)];
    expect(await arrive(bench, keyed(run, 'a', 'k'))).toEqual([accepted]);
    const again = await bench.commit({ arrivals: { inbox: [keyed(run, 'a', 'k')] } });
    expect(again.inbox).toEqual([accepted]);
    expect(again.wakes).toEqual([]);
    expect(await bench.inbox(run)).toHaveLength(1);
    const takenInbox = (await bench.inbox(run)).map(({ seq }) => seq);
    await bench.turns(turnOf(run, 1, { takenInbox }));
    expect(await arrive(bench, keyed(run, 'a', 'k'), keyed(other, 'a', 'k'))).toEqual([
      accepted,
      accepted,
    ]);
    expect(await bench.inbox(run)).toEqual([]);
    expect(await bench.inbox(other)).toHaveLength(1);
  });

  it('promise 12: one key for two events is refused', async () => {
    const bench = await begin(open);
    const run = await bench.started(1);
    expect(
      await arrive(bench, keyed(run, 'a', 'k'), keyed(run, 'b', 'k'), keyed(run, 'a', 'k')),
    ).toMatchObject([accepted, refused('send-key-used'), accepted]);
    expect(await arrive(bench, keyed(run, 'b', 'k'))).toMatchObject([refused('send-key-used')]);
    expect(await texts(bench)).toEqual(['{"type":"a"}']);
  });

  it('promise 12: sent many times at the same time it counts once', async () => {
    const bench = await begin(open);
    const run = await bench.started(1);
    const outcomes = await Promise.all(
      Array.from({ length: 8 }, () => arrive(bench, keyed(run, 'a', 'k'))),
    );
    expect(outcomes.flat()).toEqual(outcomes.map(() => accepted));
    expect(await bench.inbox(run)).toHaveLength(1);
  });

  it('promise 12: a key of an ended run is known, a new one comes too late', async () => {
    const bench = await begin(open);
    const run = await bench.started(1);
    await arrive(bench, keyed(run, 'a', 'k'));
    await bench.turns(endOf(run, 1));
    expect(
      await arrive(bench, keyed(run, 'a', 'k'), keyed(run, 'b', 'k'), keyed(run, 'a', 'new')),
    ).toMatchObject([accepted, refused('send-key-used'), refused('run-ended')]);
    expect(await bench.inbox(run)).toEqual([]);
  });

  it('promise 12: a key is known for a day', async () => {
    const bench = await begin(open);
    const run = await bench.started(1);
    await arrive(bench, keyed(run, 'a', 'k'));
    await bench.advance(23 * hour);
    expect(await arrive(bench, keyed(run, 'b', 'k'))).toMatchObject([refused('send-key-used')]);
    await bench.advance(2 * hour);
    expect(await arrive(bench, keyed(run, 'b', 'k'))).toEqual([accepted]);
    expect(await texts(bench)).toEqual(['{"type":"a"}', '{"type":"b"}']);
    expect(await arrive(bench, keyed(run, 'a', 'k'))).toMatchObject([refused('send-key-used')]);
    await bench.advance(25 * hour);
    await bench.store.prune({ olderThanMs: 100 * hour, limit: 9 });
    expect(await arrive(bench, keyed(run, 'c', 'k'))).toEqual([accepted]);
  });

  it('promise 12: of a run’s keys the newest thousand are known', async () => {
    const bench = await begin(open);
    const run = await bench.started(1);
    await arrive(bench, keyed(run, 'a', 'first'));
    for (let n = 0; n < limits.sendKeysMax; n += 250) {
      const some = Array.from({ length: 250 }, (_, i) => keyed(run, 'a', `k${n + i}`));
      await arrive(bench, ...some);
    }
    expect(await arrive(bench, keyed(run, 'b', 'k0'))).toMatchObject([refused('send-key-used')]);
    expect(await arrive(bench, keyed(run, 'b', 'first'))).toEqual([accepted]);
  });
}
