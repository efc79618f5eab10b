import { afterAll, beforeAll, describe, it } from 'vitest';
import { testDatabase } from '../support/postgres.ts';
import { storeContract } from './contract/index.ts';
import { PostgresBed } from './contract/postgres.ts';

const url = await testDatabase();
let bed: PostgresBed;
beforeAll(async () => {
  bed = await PostgresBed.open(url);
});
afterAll(() => bed.end());

storeContract({ open: () => bed.fresh(), it, describe });
