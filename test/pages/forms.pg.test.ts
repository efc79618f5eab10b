/** Forms of the pages while the run, the agent and the network beneath them change: what somebody has written stays. */
import { setTimeout as pause } from 'node:timers/promises';
import { assign, setup } from 'xstate';
import { z } from 'zod';
import { beforeAll, describe, expect, it } from 'vitest';
import { approval } from '../../machines/examples/approval.ts';
import { served, type Served } from '../api/served.ts';
import { browser, hasBrowser } from '../browser/browser.ts';
import { builtPages } from '../support/built-pages.ts';
import { testDatabase } from '../support/postgres.ts';

const timeout = 120_000;

type Event =
  { readonly type: 'NOTE'; readonly text: string } | { readonly type: 'LOCK' | 'UNLOCK' };

/** Takes a note, but not while it is locked; nothing while it rests. */
const notebook = setup({
  types: { context: {} as { readonly notes: readonly string[] }, events: {} as Event },
}).createMachine({
  id: 'notebook',
  context: { notes: [] },
  initial: 'open',
  states: {
    open: {
      on: {
        NOTE: {
          actions: assign({ notes: ({ context, event }) => [...context.notes, event.text] }),
        },
        LOCK: 'locked',
      },
    },
    locked: { on: { UNLOCK: 'open' } },
  },
});

const told = (text: string): string => `The run is in a state that does not take ${text} now.`;

describe.skipIf(!hasBrowser)('a form of the pages', { timeout }, () => {
  const chromium = browser();
  let databaseUrl: string;
  let on: Served;

  beforeAll(async () => {
    await builtPages();
    databaseUrl = await testDatabase();
    on = await served(
      databaseUrl,
      {},
      {
        agents: [
          approval,
          {
            machine: notebook,
            version: '1',
            events: { NOTE: z.object({ text: z.string() }) },
          },
        ],
      },
    );
  }, timeout);

  it('of an event stays as it was written while the run is in a state that does not take it', async () => {
    const { page, troubles } = await chromium.page();
    const { body } = await on.ask('POST', '/v1/runs', { agent: 'notebook' });
    const send = (type: string) => on.ask('POST', `/v1/runs/${body.id}/events`, { type });
    await page.goto(`${on.url}/ui/runs/${body.id}`);
    await page.locator('summary', { hasText: 'Send an event' }).click();
    const form = page.locator('details', { hasText: 'Send an event' });
    await form.locator('select').first().selectOption('NOTE');
    const words = form.locator('input[type=text], textarea').first();
    await words.fill('a loom');
    expect((await send('LOCK')).status).toBeLessThan(300);
    await page.getByText(told('NOTE')).waitFor();
    expect(await words.inputValue()).toBe('a loom');
    await send('UNLOCK');
    await page.getByText(told('NOTE')).waitFor({ state: 'detached' });
    expect(await words.inputValue()).toBe('a loom');
    await form.getByRole('button', { name: 'Send NOTE' }).dblclick();
    await page.getByText('heddle has it.').waitFor();
    const notes = async (): Promise<unknown> => {
      const { body: run } = await on.ask('GET', `/v1/runs/${body.id}/turns/4`);
      return run.context?.notes ?? null;
    };
    await expect.poll(notes).toEqual(['a loom']);
    expect(troubles).toEqual([]);
    await page.close();
  });

  it('of an answer that is under way leaves the other commands free', async () => {
    const { page } = await chromium.page();
    const input = { request: 'the trip' };
    const { body } = await on.ask('POST', '/v1/runs', { agent: approval.id, input });
    let letGo = (): void => undefined;
    const held = new Promise<void>((resolve) => (letGo = resolve));
    await page.route(/\/answers?(\/|\?|$)/, async (route) => {
      await held;
      await route.continue();
    });
    await page.goto(`${on.url}/ui/runs/${body.id}`);
    await page.getByRole('checkbox').first().check();
    await page.getByRole('button', { name: 'Answer' }).click();
    await page.getByRole('button', { name: /^Pause/ }).click();
    await page.getByRole('button', { name: /^Resume/ }).waitFor();
    letGo();
    await page.getByText('heddle has it.').waitFor();
    await page.getByRole('button', { name: /^Resume/ }).click();
    await page.getByText('completed').first().waitFor();
    await page.close();
  });

  it('to start a run stays as it was written over a version that asks for the same', async () => {
    const { page } = await chromium.page();
    await page.goto(`${on.url}/ui/agents/notebook`);
    const form = page.locator('form', { has: page.getByRole('button', { name: 'Start' }) });
    const words = form.locator('textarea, input').first();
    await words.fill('{"from":"before"}');
    await served(databaseUrl, {}, { agents: [{ machine: notebook, version: '2' }] });
    // The page asks for the versions again every few seconds.
    await page.getByRole('table', { name: 'Versions' }).getByText('2', { exact: true }).waitFor();
    await pause(500);
    expect(await words.inputValue()).toBe('{"from":"before"}');
    await page.close();
  });

  it('and what stands beside it is of the entry that was asked for, however late it comes', async () => {
    const { page } = await chromium.page();
    for (const key of ['first', 'second'])
      await on.ask('POST', `/v1/memory/tenant/-/${key}`, { value: { of: key } });
    await page.goto(`${on.url}/ui/memory/tenant/-/first`);
    await page.getByText('"first"').first().waitFor();
    let letGo = (): void => undefined;
    const held = new Promise<void>((resolve) => (letGo = resolve));
    await page.route(/\/memory\/.*second/, async (route) => {
      await held;
      await route.continue();
    });
    await page.evaluate(
      `history.pushState(null, '', '/ui/memory/tenant/-/second'); dispatchEvent(new Event('popstate'))`,
    );
    await page.getByRole('heading', { name: 'second' }).waitFor();
    await pause(200);
    expect(await page.getByText('"first"').count()).toBe(0);
    letGo();
    await page.getByText('"second"').first().waitFor();
    await page.close();
  });
});
