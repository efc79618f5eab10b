import { beforeAll, expect, it } from 'vitest';
import { testDatabase } from '../support/postgres.ts';
await testDatabase();
beforeAll(() => { if (process.env.FAILB) throw new Error('x'); });
it('ok', () => { expect(1).toBe(1) });
