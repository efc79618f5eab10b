import { expect, it } from 'vitest';
import { testDatabase } from '../support/postgres.ts';
const url = await testDatabase();
if (process.env.FAILB) it('fails', () => { expect(url).toBe(1); });
else it('ok', () => { expect(url).toContain('t_b_pg_test_ts'); });
