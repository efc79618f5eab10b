/** Conversations: appended with their turns, read in order, gone with their run. */
import { expect } from 'vitest';
import { begin, endOf, tenant, turnOf, type Contract } from './fixture.ts';

const said = (conversation: string, ...texts: readonly string[]) =>
  texts.map((text) => ({ conversation, messageText: JSON.stringify(text) }));

export function conversationsContract({ open, it }: Contract): void {
  it('promise 1: what turns append is read in the order of the turns and of their places', async () => {
    const bench = await begin(open);
    const run = await bench.started(1);
    const other = await bench.started(2);
    const { runId } = run;
    await bench.turns(turnOf(run, 1, { conversation: said('main', 'a', 'b') }));
    await bench.turns(
      turnOf(run, 2, { conversation: [...said('aside', 'x'), ...said('main', 'c')] }),
      turnOf(other, 1, { conversation: said('main', 'y') }),
    );
    const reads = [
      { tenant, runId, conversation: 'main' },
      { tenant, runId: other.runId, conversation: 'main' },
      { tenant, runId, conversation: 'nothing' },
      { tenant: 'another', runId, conversation: 'main' },
      { tenant, runId, conversation: 'aside' },
    ];
    expect(await bench.store.conversations(reads)).toEqual([
      ['"a"', '"b"', '"c"'],
      ['"y"'],
      [],
      [],
      ['"x"'],
    ]);
    expect(await bench.store.conversations([])).toEqual([]);
    const newest = [2, 1, 9].map((n) => ({ tenant, runId, conversation: 'main', newest: n }));
    expect(await bench.store.conversations(newest)).toEqual([
      ['"b"', '"c"'],
      ['"c"'],
      ['"a"', '"b"', '"c"'],
    ]);
  });

  it('promise 6: a turn that is stale appends nothing', async () => {
    const bench = await begin(open);
    const run = await bench.started(1);
    await bench.turns(turnOf(run, 1, { conversation: said('main', 'a') }));
    const again = await bench.commit({
      turns: [turnOf(run, 1, { conversation: said('main', 'b') })],
    });
    expect(again).toMatchObject({ turns: [{ kind: 'stale' }] });
    const read = { tenant, runId: run.runId, conversation: 'main' };
    expect(await bench.store.conversations([read])).toEqual([['"a"']]);
  });

  it('stays when its run ends, and goes with it', async () => {
    const bench = await begin(open);
    const run = await bench.started(1);
    await bench.turns(endOf(run, 1, { conversation: said('main', 'a') }));
    const read = { tenant, runId: run.runId, conversation: 'main' };
    expect(await bench.store.conversations([read])).toEqual([['"a"']]);
    await bench.store.prune({ olderThanMs: 0, limit: 10 });
    expect(await bench.store.conversations([read])).toEqual([[]]);
  });
}
