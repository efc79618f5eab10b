/** The list of open questions of all runs: what stands in it, in which order, and what takes a question out of it. */
import { expect } from 'vitest';
import { oneTenant } from '../../../src/access/scopes.ts';
import type { ListedQuestion, QuestionsAsked } from '../../../src/store/ports/questions-port.ts';
import {
  answer,
  begin,
  endOf,
  hour,
  minute,
  newRun,
  question,
  tenant,
  turnOf,
  type Bench,
  type Contract,
} from './fixture.ts';

const all: QuestionsAsked = {
  assignee: null,
  agent: null,
  olderThanMs: 0,
  after: null,
  limit: 99,
};
const list = (bench: Bench, parts: Partial<QuestionsAsked> = {}) =>
  bench.store.openQuestions(oneTenant(tenant), { ...all, ...parts });
const names = (rows: readonly ListedQuestion[]) =>
  rows.map(({ runId, invocationId }) => `${Number(runId.slice(-4))} ${invocationId}`);

/** A run of this agent that asks these questions of this assignee. */
async function asks(
  bench: Bench,
  n: number,
  of: { agent: string; assignee: string | null; ids?: readonly string[] },
) {
  const { agent, assignee, ids = ['ask'] } = of;
  const run = await bench.started(n);
  const openQuestions = ids.map((id) => ({ ...question(n, id), agent, assignee }));
  await bench.turns(turnOf(run, 1, { openQuestions }));
  return run;
}

export function openQuestionsContract({ open, it }: Contract): void {
  it('are found by who should answer, by who asks, and by their age', async () => {
    const bench = await begin(open);
    await asks(bench, 1, { agent: 'editor', assignee: 'ann' });
    await asks(bench, 2, { agent: 'clerk', assignee: null });
    await bench.advance(hour);
    await asks(bench, 3, { agent: 'clerk', assignee: 'ann' });
    expect(names(await list(bench))).toEqual(['1 ask', '2 ask', '3 ask']);
    expect(names(await list(bench, { assignee: 'ann' }))).toEqual(['1 ask', '3 ask']);
    expect(names(await list(bench, { agent: 'clerk' }))).toEqual(['2 ask', '3 ask']);
    expect(names(await list(bench, { agent: 'clerk', assignee: 'ann' }))).toEqual(['3 ask']);
    expect(names(await list(bench, { olderThanMs: 30 * minute }))).toEqual(['1 ask', '2 ask']);
    expect(names(await list(bench, { olderThanMs: 30 * minute, assignee: 'ann' }))).toEqual([
      '1 ask',
    ]);
    expect(await list(bench, { assignee: 'nobody' })).toEqual([]);
    const [first] = await list(bench);
    expect(first).toMatchObject({ tenant, agent: 'editor', assignee: 'ann', answered: false });
    expect(Number(first?.askedAtUs) / 1_000 - (first?.askedAtMs ?? 0)).toBeGreaterThanOrEqual(0);
    expect(Number(first?.askedAtUs) / 1_000 - (first?.askedAtMs ?? 0)).toBeLessThan(1);
  });

  it('are read page by page, each once, also those that were asked at one instant', async () => {
    const bench = await begin(open);
    await asks(bench, 2, { agent: 'editor', assignee: 'ann', ids: ['c', 'a', 'b'] });
    await bench.advance(minute);
    await asks(bench, 1, { agent: 'editor', assignee: 'ann', ids: ['a'] });
    for (const limit of [1, 2, 3]) {
      const found: ListedQuestion[] = [];
      for (;;) {
        const after = found.at(-1) ?? null;
        const page = await list(bench, { assignee: 'ann', after, limit });
        found.push(...page);
        if (page.length < limit) break;
      }
      expect(names(found), `by ${limit}`).toEqual(['2 a', '2 b', '2 c', '1 a']);
    }
  });

  it('leave the list with their answer, with the turn that closes them, and with their run', async () => {
    const bench = await begin(open);
    const of = { agent: 'editor', assignee: 'ann' };
    const answered = await asks(bench, 1, of);
    const closed = await asks(bench, 2, of);
    const ended = await asks(bench, 3, of);
    const cancelled = await asks(bench, 4, of);
    await asks(bench, 5, of);
    await bench.commit({ arrivals: { inbox: [answer(answered, 1)] } });
    expect(names(await list(bench))).toEqual(['2 ask', '3 ask', '4 ask', '5 ask']);
    await bench.turns(
      turnOf(closed, 2, { closeQuestions: [{ invocationId: 'ask', takesAnswer: false }] }),
    );
    const over = { closeQuestions: [{ invocationId: 'ask', takesAnswer: false }] };
    await bench.turns(endOf(ended, 2, over), endOf(cancelled, 2, { ...over, status: 'cancelled' }));
    expect(names(await list(bench))).toEqual(['5 ask']);
    expect(
      await bench.store.questions(oneTenant(tenant), { runId: answered.runId, limit: 9 }),
    ).toMatchObject([{ answered: true, agent: 'editor', assignee: 'ann' }]);
    expect(names(await list(bench, { agent: 'editor', assignee: 'ann' }))).toEqual(['5 ask']);
    expect(newRun(5).runId).toBe((await list(bench))[0]?.runId);
  });
}
