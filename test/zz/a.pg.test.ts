import { expect, it } from 'vitest';
import pg from 'pg';
import { testDatabase } from '../support/postgres.ts';
const url = await testDatabase();
it('works', async () => { const c = new pg.Client({connectionString: url}); await c.connect(); expect((await c.query('select current_database() as d, current_setting($1) as f',['fsync'])).rows).toEqual([{d: new URL(url.replace('@/','@x/')).pathname.slice(1), f:'off'}]); await c.end(); });
