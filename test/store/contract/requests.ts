/** Requests with an idempotency key: one effect, one answer, for a day. */
import { expect } from 'vitest';
import { oneTenant } from '../../../src/access/scopes.ts';
import { limits } from '../../../src/domain/limits.ts';
import {
  partOf,
  type ClaimAsked,
  type RequestMark,
} from '../../../src/store/requests/request-rows.ts';
import {
  allShards,
  answer,
  begin,
  endOf,
  event,
  message,
  minute,
  newRun,
  question,
  runId,
  tenant,
  turnOf,
  type Bench,
  type Contract,
} from './fixture.ts';

const mark = (key: string, parts: Partial<RequestMark> = {}): RequestMark => ({
  key,
  route: 'POST /x',
  hash: 'h',
  answerText: '{"n":1}',
  ...parts,
});
const published = (key: string, id: string, parts: Partial<RequestMark> = {}) => ({
  ...message('news', id),
  request: mark(key, parts),
});
const scope = oneTenant(tenant);
const known = (bench: Bench, key: string) => bench.store.request(scope, { key });
const ids = async (bench: Bench) =>
  (await bench.read('news')).messages.map(({ messageId }) => messageId);
const refused = (code: string) => ({ kind: 'refused', error: { code } });
const repeated = { kind: 'repeated', answerText: '{"n":1}' };

export function requestsContract({ open, it }: Contract): void {
  it('promise 12: a request that is repeated has one effect, and the answer of the first', async () => {
    const bench = await begin(open);
    const first = await bench.commit({ arrivals: { messages: [published('k', 'a')] } });
    expect(first.messages).toEqual([{ kind: 'accepted' }]);
    const both = [published('k', 'b', { answerText: '{"n":2}' }), message('news', 'c')];
    const second = await bench.commit({ arrivals: { messages: both } });
    expect(second.messages).toEqual([repeated, { kind: 'accepted' }]);
    expect(await ids(bench)).toEqual(['a', 'c']);
    expect(await known(bench, 'k')).toMatchObject({ hash: 'h', answerText: '{"n":1}' });
    expect(await bench.store.request(oneTenant('other'), { key: 'k' })).toBe(null);
  });

  it('promise 12: of a request that comes twice at once one counts, whichever batch has it', async () => {
    const bench = await begin(open);
    const outcomes = await Promise.all(
      ['a', 'b', 'c'].map((id) => bench.commit({ arrivals: { messages: [published('k', id)] } })),
    );
    const fates = outcomes.flatMap(({ messages }) => messages);
    expect(fates.filter(({ kind }) => kind === 'accepted')).toHaveLength(1);
    expect(fates.filter(({ kind }) => kind === 'repeated')).toHaveLength(2);
    expect(await ids(bench)).toHaveLength(1);
  });

  it('promise 12: another request under the key is refused, and of two in one batch the second waits', async () => {
    const bench = await begin(open);
    const twice = [published('k', 'a'), published('k', 'b')];
    const first = await bench.commit({ arrivals: { messages: twice } });
    expect(first.messages).toMatchObject([{ kind: 'accepted' }, refused('request-running')]);
    const others = [published('k', 'c', { hash: 'i' }), published('k', 'd', { route: 'POST /y' })];
    const second = await bench.commit({ arrivals: { messages: others } });
    expect(second.messages).toMatchObject([refused('request-differs'), refused('request-differs')]);
    expect(await ids(bench)).toEqual(['a']);
  });

  it('promise 11: a request that is refused leaves no row', async () => {
    const bench = await begin(open);
    const [run, ended] = [await bench.started(1), await bench.started(2)];
    await bench.turns(endOf(ended, 1));
    const rows = [
      { ...event(ended, 'a'), request: mark('ended') },
      { ...event(run, 'b'), request: mark('open') },
      event(run, 'c'),
    ];
    const outcome = await bench.commit({ arrivals: { inbox: rows } });
    const kinds = outcome.inbox.map(({ kind }) => kind);
    expect(kinds).toEqual(['refused', 'accepted', 'accepted']);
    expect(await known(bench, 'ended')).toBe(null);
    expect(await known(bench, 'open')).not.toBe(null);
    const again = await bench.commit({ arrivals: { inbox: rows.slice(0, 2) } });
    expect(again.inbox).toMatchObject([refused('run-ended'), repeated]);
    expect(await bench.inbox(run)).toHaveLength(2);
  });

  it('promise 12: an answer that its own request has given is no second one', async () => {
    const bench = await begin(open);
    const run = await bench.started(1);
    await bench.turns(turnOf(run, 1, { openQuestions: [question(1)] }));
    const given = { ...answer(run, 1), request: mark('k') };
    const first = await bench.commit({ arrivals: { inbox: [given] } });
    expect(first.inbox).toEqual([{ kind: 'accepted' }]);
    const second = await bench.commit({ arrivals: { inbox: [given, event(run, 'a')] } });
    expect(second.inbox).toEqual([repeated, { kind: 'accepted' }]);
    const other = { ...answer(run, 1), request: mark('k', { hash: 'i' }) };
    const third = await bench.commit({ arrivals: { inbox: [other] } });
    expect(third.inbox).toMatchObject([refused('request-differs')]);
  });

  it('promise 12: a group of starts has one fate', async () => {
    const bench = await begin(open);
    const group = (from: number) =>
      [0, 1].map((n) => ({
        ...newRun(from + n),
        group: from,
        ...(n === 0 && { request: mark('k') }),
      }));
    const first = await bench.commit({ arrivals: { starts: group(1) } });
    expect(first.starts).toEqual([{ kind: 'accepted' }, { kind: 'accepted' }]);
    const second = await bench.commit({ arrivals: { starts: [...group(3), newRun(5)] } });
    expect(second.starts).toEqual([repeated, repeated, { kind: 'accepted' }]);
    expect(await bench.store.run(scope, newRun(3).runId)).toBe(null);
    expect(await bench.store.run(scope, newRun(4).runId)).toBe(null);
  });

  it('promise 12: a write of memory is kept with the version that it became', async () => {
    const bench = await begin(open);
    const at = { tenant, scope: 'user', owner: 'ann', key: 'x' };
    const write = (key: string | null, valueText: string) => ({
      ...at,
      version: 1,
      valueText,
      deleted: false,
      runId: null,
      turn: null,
      onAny: true as const,
      ...(key === null ? {} : { request: mark(key, { answerText: '{"key":"x","version":1}' }) }),
    });
    await bench.commit({ arrivals: { memory: [write(null, '1')] } });
    await bench.commit({ arrivals: { memory: [write('k', '2')] } });
    const mixed = [write('k', '9'), write(null, '3')];
    const outcome = await bench.commit({ arrivals: { memory: mixed } });
    const answerText = '{"key":"x","version":2}';
    expect(outcome.memory).toMatchObject([{ kind: 'repeated', answerText }, { version: 3 }]);
    const { newest, versions } = await bench.store.memory(scope, {
      ...at,
      version: null,
      history: 9,
    });
    expect([newest, versions.map(({ valueText }) => valueText)]).toEqual([3, ['3', '2', '1']]);
  });

  it('promise 5: the same batch, sent again, tells what it told', async () => {
    const bench = await begin(open);
    await bench.commit({ arrivals: { messages: [published('k', 'a')] } });
    const batch = bench.batch({
      arrivals: { messages: [published('k', 'b'), published('l', 'c')] },
    });
    const told = await bench.send(batch);
    expect(told.messages).toEqual([repeated, { kind: 'accepted' }]);
    expect((await bench.send(batch)).messages).toEqual(told.messages);
    expect(await ids(bench)).toEqual(['a', 'c']);
  });

  it('a start that was asked for before uses no key of a start beside it', async () => {
    const bench = await begin(open);
    const first = { ...newRun(1), request: mark('k') };
    await bench.commit({ arrivals: { starts: [first] } });
    const keyed = { idempotencyKey: 'i' };
    const { starts } = await bench.commit({
      arrivals: {
        starts: [
          { ...newRun(2, keyed), startText: '[2]', request: mark('k') },
          { ...newRun(3, keyed), startText: '[3]' },
        ],
      },
    });
    expect(starts).toEqual([repeated, { kind: 'accepted' }]);
  });

  it('a key is known for a day, and then its row goes', async () => {
    const bench = await begin(open);
    await bench.commit({ arrivals: { messages: [published('k', 'a'), published('l', 'b')] } });
    await bench.advance(limits.requestKeyMs - minute);
    const within = await bench.commit({ arrivals: { messages: [published('k', 'c')] } });
    expect(within.messages).toEqual([repeated]);
    await bench.advance(2 * minute);
    expect(await known(bench, 'k')).toBe(null);
    const after = await bench.commit({ arrivals: { messages: [published('k', 'd')] } });
    expect(after.messages).toEqual([{ kind: 'accepted' }]);
    await bench.store.prune({ olderThanMs: minute, limit: 100 });
    expect(await known(bench, 'k')).not.toBe(null);
    expect(await ids(bench)).toEqual(['a', 'b', 'd']);
  });

  it('rows of requests and of commits go after a day, though runs and images are kept for ever', async () => {
    const bench = await begin(open);
    const run = await bench.started(1);
    await bench.turns(endOf(run, 1));
    const keys = Array.from({ length: 25 }, (_, n) => `key ${n}`);
    const messages = keys.map((key) => published(key, key));
    const batch = bench.batch({ arrivals: { messages } });
    await bench.send(batch);
    await bench.advance(limits.requestKeyMs + minute);
    const forEver = { olderThanMs: null, limit: 2 };
    expect(await bench.store.prune(forEver)).toEqual({ runs: 0, isMore: true });
    expect(await bench.store.prune(forEver)).toEqual({ runs: 0, isMore: false });
    expect((await bench.load(run)).run.status).toBe('completed');
    // The row is gone whose key had made this a repeat, and the one of the commit too.
    const again = await bench.send(batch);
    expect(again.messages).toEqual(keys.map(() => ({ kind: 'accepted' })));
    expect(await ids(bench)).toHaveLength(50);
  });

  it('promise 5: rows that a used key keeps out change nothing in what the others are told again', async () => {
    const bench = await begin(open);
    const ended = await bench.started(1);
    await bench.turns(endOf(ended, 1));
    await bench.commit({ arrivals: { messages: [published('k', 'a')] } });
    const kept = [mark('k'), mark('k', { hash: 'i' })].map((request, i) => ({
      ...event(ended, `out-${i}`),
      request,
    }));
    const batch = bench.batch({ arrivals: { inbox: [...kept, event(ended, 'plain')] } });
    const once = await bench.send(batch);
    const out = [repeated, refused('request-differs')];
    expect(once.inbox).toMatchObject([...out, refused('run-ended')]);
    // Of rows that count as often as they come, only unknown runs are told again.
    expect((await bench.send(batch)).inbox).toMatchObject([...out, { kind: 'accepted' }]);
  });

  it('promise 12: leases and acknowledgements that are asked for again are those of the first', async () => {
    const bench = await begin(open);
    for (const id of ['a', 'b', 'c']) await bench.publish(message('news', id));
    const group = { channel: 'news', group: 'g' };
    const { key, route, hash } = mark('lease');
    const asked = { ...group, from: 'earliest', max: 2, leaseMs: minute } as const;
    const lease = () => bench.store.lease(scope, { ...asked, request: { key, route, hash } });
    const [first, second] = await Promise.all([lease(), lease()]);
    expect(first.map(({ messageId }) => messageId)).toEqual(['a', 'b']);
    expect(second).toEqual(first);
    expect((await bench.store.lease(scope, asked)).map(({ messageId }) => messageId)).toEqual([
      'c',
    ]);
    const tokens = first.map(({ token }) => token);
    const request = { ...mark('ack'), route: 'POST /z' };
    const acknowledge = () => bench.store.acknowledge(scope, { ...group, tokens, request });
    expect([await acknowledge(), await acknowledge()]).toEqual([
      [true, true],
      [true, true],
    ]);
    expect(await bench.store.acknowledge(scope, { ...group, tokens })).toEqual([false, false]);
    const other = bench.store.acknowledge(scope, {
      ...group,
      tokens,
      request: mark('lease', { hash: 'i' }),
    });
    await expect(other).rejects.toMatchObject({ code: 'request-differs' });
  });

  it('a claim is carried out by one, answered once, and taken over when nobody renews it', async () => {
    const bench = await begin(open);
    const { key, route, hash } = mark('k');
    const by = (n: number): ClaimAsked => ({ key, route, hash, holder: runId(n) });
    const [one, other] = [by(1), by(2)];
    const { store } = bench;
    const kindOf = async (asked: ClaimAsked) => (await store.claimRequest(scope, asked)).kind;
    expect((await Promise.all([kindOf(one), kindOf(one)])).toSorted()).toEqual([
      'claimed',
      'claimed',
    ]);
    expect(await kindOf(other)).toBe('running');
    const raced = (n: number): ClaimAsked => ({ ...by(n), key: 'raced' });
    expect((await Promise.all([kindOf(raced(1)), kindOf(raced(2))])).toSorted()).toEqual([
      'claimed',
      'running',
    ]);
    expect(await kindOf({ ...other, hash: 'i' })).toBe('differs');
    // Renewed, it lasts from then on.
    for (let n = 0; n < 3; n++) {
      await bench.advance(limits.requestClaimMs / 2);
      expect([await store.renewClaim(scope, one), await kindOf(other)]).toEqual([true, 'running']);
    }
    expect(await store.renewClaim(scope, other)).toBe(false);
    await bench.advance(limits.requestClaimMs + minute);
    expect(await kindOf(other)).toBe('claimed');
    const answers = (asked: ClaimAsked, text: string) =>
      store.answerRequest(scope, { ...asked, answerText: text });
    // Who has lost it changes nothing.
    expect(
      await Promise.all([store.renewClaim(scope, one), store.dropRequest(scope, one)]),
    ).toEqual([false, false]);
    expect(await answers(one, '{"status":500}')).toBe(false);
    expect(await kindOf(one)).toBe('running');
    expect(await store.dropRequest(scope, other)).toBe(true);
    expect(await kindOf(one)).toBe('claimed');
    expect([await answers(one, '{"status":202}'), await answers(one, '{"status":202}')]).toEqual([
      true,
      true,
    ]);
    await bench.advance(limits.requestClaimMs + minute);
    const answered = { kind: 'answered', answerText: '{"status":202}' };
    expect(await store.claimRequest(scope, other)).toEqual(answered);
    expect(await store.renewClaim(scope, one)).toBe(false);
    expect(await store.dropRequest(scope, one)).toBe(false);
    expect(await store.claimRequest(scope, one)).toEqual(answered);
  });

  it('the parts of a request that have had their effect are known by their names', async () => {
    const bench = await begin(open);
    const of = (key: string, name: string) => ({
      ...message('parts', `${key}-${name}`),
      request: { ...partOf(mark(key), name), answerText: 'null' },
    });
    const messages = [of('k', 'b'), of('k', 'a'), of('k!', 'c'), of('j', 'd')];
    await bench.commit({ arrivals: { messages } });
    const parts = (key: string, limit = 9, more = {}) =>
      bench.store.requestParts(scope, { ...mark(key), ...more, limit });
    expect(await parts('k')).toEqual(['a', 'b']);
    expect(await parts('k', 1)).toEqual(['a']);
    expect([await parts('k!'), await parts('none')]).toEqual([['c'], []]);
    expect(await parts('k', 9, { hash: 'another' })).toEqual([]);
    expect(await parts('k', 9, { route: 'another' })).toEqual([]);
    expect(await bench.store.requestParts(oneTenant('other'), { ...mark('k'), limit: 9 })).toEqual(
      [],
    );
    const again = await bench.commit({ arrivals: { messages: [of('k', 'a')] } });
    expect(again.messages).toEqual([{ kind: 'repeated', answerText: 'null' }]);
  });

  it('promise 6: a fenced turn takes no request with it', async () => {
    const bench = await begin(open);
    const run = await bench.started(1);
    const epochs = new Map(allShards.map((shard) => [shard, 99]));
    const outcome = await bench.commit({
      epochs,
      turns: [endOf(run, 1)],
      arrivals: { messages: [published('k', 'a')] },
    });
    expect(outcome.turns).toEqual([{ kind: 'fenced' }]);
    expect(outcome.messages).toEqual([{ kind: 'accepted' }]);
    expect(await known(bench, 'k')).not.toBe(null);
  });
}
