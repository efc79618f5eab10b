/** Who has sent what came from outside stands beside it, and the chart does not see it. */
import { expect, it } from 'vitest';
import { allTenants } from '../../../src/access/scopes.ts';
import type { JournalEntry } from '../../../src/domain/event.ts';
import type { Run } from '../../../src/index.ts';
import { heldFromText } from '../../../src/runtime/turn/held.ts';
import { oneReplica } from '../../support/replica.ts';
import type { ScriptStep } from '../../support/script-agent.ts';

const wait: ScriptStep = { do: 'wait' };
const ask: ScriptStep = { do: 'ask', with: { question: 'Go on?' } };

async function entriesOf(run: Run): Promise<readonly JournalEntry[]> {
  const entries: JournalEntry[] = [];
  for await (const { entry } of run.journal()) entries.push(entry);
  return entries;
}

it('a run of one caller may be steered by another: each line says who it was', async () => {
  const { heddle, clock } = await oneReplica();
  const run = await heddle.start('script', { input: { steps: [wait, ask, wait] } });
  const desk = await heddle.as(allTenants, 'desk').run(run.id);
  await run.send({ type: 'go', n: 1 });
  await clock.idle();
  await desk.answer('ask', 'yes');
  await clock.idle();
  await desk.pause('lunch');
  await clock.idle();
  expect(heldFromText((await run.row()).heldText).pausedBy).toMatchObject({ by: 'desk' });
  await run.pause('a longer lunch');
  await clock.idle();
  expect(heldFromText((await run.row()).heldText).pausedBy).toMatchObject({ by: 'library' });
  await run.resume('done');
  await desk.send({ type: 'go', n: 2 });
  expect(await run.output()).toEqual([
    { done: { type: 'go', n: 1 } },
    { done: { answer: 'yes' } },
    { done: { type: 'go', n: 2 } },
  ]);
  expect(await entriesOf(run)).toMatchObject([
    { kind: 'start' },
    { kind: 'event', by: 'library' },
    { kind: 'done', id: 'ask', by: 'desk' },
    { kind: 'pause', reason: 'lunch', by: 'desk' },
    { kind: 'pause', by: 'library' },
    { kind: 'resume', by: 'library' },
    { kind: 'event', by: 'desk' },
  ]);
});

it('a cancel says who has ended the run, and whose answer it has dropped', async () => {
  const { heddle, clock } = await oneReplica();
  const run = await heddle.start('script', { input: { steps: [ask] } });
  await clock.idle();
  const desk = await heddle.as(allTenants, 'desk').run(run.id);
  await Promise.all([run.answer('ask', 'yes'), desk.cancel('enough')]);
  await run.output().catch(() => undefined);
  expect(await entriesOf(run)).toMatchObject([
    { kind: 'start' },
    { kind: 'cancel', reason: 'enough', by: 'desk' },
    { kind: 'answer-dropped', by: 'library' },
  ]);
});

it('the fold ignores it: a turn that was taken with it is folded as it was without', async () => {
  const { heddle, clock } = await oneReplica();
  const run = await heddle.start('script', { input: { steps: [wait, wait] } });
  await heddle
    .as(allTenants, 'desk')
    .run(run.id)
    .then((desk) => desk.send({ type: 'go' }));
  await clock.idle();
  const { turn } = await run.row();
  const { exact, context } = await run.snapshotAt(turn);
  expect(exact).toBe(true);
  expect(context).toMatchObject({ results: [{ done: { type: 'go' } }] });
  expect(JSON.stringify(context)).not.toContain('desk');
});
