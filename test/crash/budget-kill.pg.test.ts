/** A budget over a kill in the middle of a full provider: paid twice is only what was made twice. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { expect, it } from 'vitest';
import { oneTenant } from '../../src/access/scopes.ts';
import { openPostgresStore } from '../../src/store/postgres/postgres-store.ts';
import { compiled } from '../support/compiled.ts';
import { testDatabase } from '../support/postgres.ts';

const databaseUrl = await testDatabase();
const script = await compiled('test/crash/budget-child.ts');
const runs = 500;
const ceiling = 240;
/** Five tokens in, and at most 995 out. */
const reserve = 1_000;

type Told = { readonly sent: Set<string>; readonly used: Map<string, number> };

/** Ends with the process; `killAfter`: it is killed when so many calls have ended. */
async function replica(count: number, killAfter = Infinity): Promise<Told> {
  const child = spawn(process.execPath, [script, databaseUrl, String(count)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const told: Told = { sent: new Set(), used: new Map() };
  for await (const line of createInterface({ input: child.stdout })) {
    const [word, key = '', tokens] = line.split(' ');
    if (word === 'sent') told.sent.add(key);
    else told.used.set(key, Number(tokens));
    if (told.used.size >= killAfter) child.kill('SIGKILL');
  }
  return told;
}

it('promise 3: a kill costs a budget no more than the calls that were under way', async () => {
  const store = await openPostgresStore({ connectionString: databaseUrl });
  try {
    const first = await replica(runs, 150);
    const second = await replica(0);
    const twice = [...first.sent].filter((key) => second.sent.has(key)).length;
    const once = [...new Map([...first.used, ...second.used]).values()];
    expect(once).toHaveLength(runs);
    const [budget] = await store.budgets([{ tenant: 'default', scope: 'user', owner: 'ann' }]);
    const totals = await store.providerTotals();
    const doubled = totals.reduce((sum, { duplicates }) => sum + duplicates, 0);
    const excess = (budget?.spent.tokens ?? 0) - once.reduce((sum, tokens) => sum + tokens, 0);
    expect((await store.audit(oneTenant('default'))).runs).toEqual({ completed: runs });
    expect(budget?.reserved).toEqual({ tokens: 0, micros: 0 });
    // Some were in a slot, with their commit, and not sent yet.
    expect(doubled).toBeGreaterThanOrEqual(Math.max(twice, 1));
    expect(doubled).toBeLessThanOrEqual(ceiling);
    expect(excess).toBe(doubled * reserve);
  } finally {
    await store.close();
  }
}, 60_000);
