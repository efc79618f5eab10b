/**
 * A database that 0.1.0 has left, with a run open in each way in which a run can wait: this heddle
 * migrates it and every one of them goes on. `database-0.1.0.json` holds that database's rows.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { oneTenant } from '../../src/access/scopes.ts';
import { stubProvider, type Heddle, type Run } from '../../src/index.ts';
import { eventually, openHeddle } from '../support/heddle.ts';
import { testDatabase } from '../support/postgres.ts';
import { agents } from './agents.ts';
import { restored, type Left } from './restored.ts';

const url = await testDatabase({ empty: true });
let left: Left;
let heddle: Heddle;
const warnings: string[] = [];

async function left010(name: string): Promise<Run> {
  return heddle.run(left.ids[name] ?? '');
}

const bound = { timeoutMs: 20_000 };

beforeAll(async () => {
  left = await restored(url, './database-0.1.0.json', '000001_tables');
  const providers = [stubProvider({ name: 'model', ceiling: 1, latencyMs: 10, seed: 1 })];
  const log = { info: () => undefined, warn: (message: string) => void warnings.push(message) };
  ({ heddle } = await openHeddle(url, { agents, providers, log }));
});
afterAll(async () => {
  await heddle.close();
});

describe('a run that 0.1.0 has left', () => {
  it('finds its chart under the version that 0.1.0 gave it', async () => {
    await eventually(async () => {
      const stalled = await heddle.runs({ statuses: ['stalled'] });
      expect(stalled.map(({ agent, reason }) => [agent, reason])).toEqual([]);
    });
  });

  it('takes the answer to a question that 0.1.0 has asked, and all of them are listed', async () => {
    const run = await left010('asked');
    const questions = await heddle.questions({ agent: 'asker' });
    const runIds = questions.map(({ runId }) => runId as string);
    expect(runIds).toEqual(expect.arrayContaining([run.id, left.ids['paused']]));
    await run.answer('q', 'yes');
    expect(await run.output(bound)).toMatchObject({ answer: 'yes' });
  });

  it('takes an answer, an event and a cancel that 0.1.0 has accepted', async () => {
    expect(await (await left010('answered')).output(bound)).toMatchObject({ answer: 'early' });
    expect(await (await left010('heard')).output(bound)).toBe('early');
    await expect((await left010('cancelled')).output(bound)).rejects.toMatchObject({
      code: 'run-cancelled',
    });
  });

  it('goes on after a pause', async () => {
    const run = await left010('paused');
    expect(await run.status()).toBe('paused');
    await run.resume();
    await run.answer('q', 'morning');
    expect(await run.output(bound)).toMatchObject({ answer: 'morning' });
  });

  it('has the messages that it waited for', async () => {
    for (const name of ['reading', 'told']) {
      expect(await (await left010(name)).output(bound)).toMatchObject({
        messages: [{ payload: 'one' }],
      });
    }
  });

  it('hears its timer, has its answers and its tasks done again', async () => {
    expect(await (await left010('sleeping')).output(bound)).toBe('slept');
    expect(await (await left010('calling')).output(bound)).toHaveProperty('text');
    expect(await (await left010('callWaits')).output(bound)).toHaveProperty('text');
    expect(await (await left010('working')).output(bound)).toBe('worked');
  });

  it('begins if it was queued, and ends with its child', async () => {
    const queued = await left010('queued');
    await eventually(async () => expect(await queued.status()).not.toBe('queued'));
    await queued.answer('q', 'begun');
    expect(await queued.output(bound)).toMatchObject({ answer: 'begun' });
    const parent = await left010('parent');
    const child = (await heddle.runs({ agent: 'asker', limit: 100 })).find(
      (row) => row.parent?.runId === parent.id,
    );
    await (await heddle.run(child?.runId ?? '')).answer('q', 'grown');
    expect(await parent.output(bound)).toMatchObject({ answer: 'grown' });
  });

  it('hears events, with a version given or hashed, and keeps its key', async () => {
    for (const name of ['listening', 'versioned']) {
      const run = await left010(name);
      await run.send({ type: 'GO', what: name });
      expect(await run.output(bound)).toBe(name);
    }
    const keyed = await heddle.start('listener', { idempotencyKey: 'key' });
    expect(keyed.id).toBe(left.ids['keyed']);
    await keyed.send({ type: 'GO', what: 'once' });
    expect(await keyed.output(bound)).toBe('once');
  });

  it('leaves nothing open, lost or doubled', async () => {
    expect(await heddle.recall({ scope: 'user' }, 'k')).toMatchObject({ value: { a: 1 } });
    const facts = await heddle.runtime.store.audit(oneTenant('default'));
    expect(facts).toMatchObject({
      runs: { completed: 16, cancelled: 1 },
      doubledMessages: 0,
      memoryGaps: 0,
      journalGaps: 0,
      orphanedSubscriptions: 0,
      slotsInUse: 0,
    });
  });
});
