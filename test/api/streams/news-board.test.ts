/** Whose word of a phase counts, when a run changes its owner or a replica is lost. */
import { expect, it } from 'vitest';
import { NewsBoard } from '../../../src/api/streams/news-board.ts';
import { asReplicaId, asRunId } from '../../../src/domain/ids.ts';
import type { News, RunNews } from '../../../src/library/live/news.ts';

const replica = (n: number) => asReplicaId(`00000000-0000-7000-8000-00000000000${n}`);
const [own, a, b] = [replica(0), replica(1), replica(2)];
const runId = asRunId('01900000-0000-7000-8000-000000000001');
const run = { tenant: 't', runId };

function word(more: Partial<RunNews>): RunNews {
  const of = { kind: 'run', ...run, turn: 3, status: 'calling-provider', ended: false } as const;
  return { ...of, row: false, phase: null, provider: null, place: null, ...more };
}

function boardWith(heard: News[]) {
  const board = new NewsBoard({ replicaId: own, follow: () => () => undefined });
  board.follow(
    { kind: 'run', ...run },
    { heard: (news) => heard.push(news), missed: () => undefined },
  );
  return board;
}
const phases = (heard: readonly News[]) => heard.map((news) => news.kind === 'run' && news.phase);

it('only who told a phase takes it back, or a later turn', () => {
  const heard: News[] = [];
  const board = boardWith(heard);
  board.tell(word({ phase: 'in-slot', provider: 'p' }), b);
  // The earlier owner aborts its call late.
  board.tell(word({}), a);
  board.tell(word({ turn: 2, row: true }), a);
  expect(phases(heard)).toEqual(['in-slot', 'in-slot', 'in-slot']);
  board.tell(word({}), b);
  expect(phases(heard).at(-1)).toBeNull();
  board.tell(word({ phase: 'waits-for-slot' }), b);
  board.tell(word({ turn: 4, row: true }), a);
  expect(phases(heard).at(-1)).toBeNull();
});

it('the phases of a replica that is lost are told as not known, and no others', () => {
  const heard: News[] = [];
  const board = boardWith(heard);
  board.tell(word({ phase: 'in-slot', provider: 'p' }), b);
  board.lost(a);
  expect(heard).toHaveLength(1);
  board.lost(b);
  expect(phases(heard)).toEqual(['in-slot', null]);
});

it('who follows later hears the phase that is known, and nothing of a run that has ended', () => {
  const board = boardWith([]);
  board.tell(word({ phase: 'in-slot', provider: 'p' }), a);
  const late: News[] = [];
  const follow = (heard: News[]) =>
    board.follow(
      { kind: 'run', ...run },
      { heard: (news) => heard.push(news), missed: () => undefined },
    );
  follow(late);
  expect(phases(late)).toEqual(['in-slot']);
  board.tell(word({ turn: 4, row: true, ended: true }), a);
  const later: News[] = [];
  follow(later);
  expect(later).toEqual([]);
});
