import { afterAll, describe, it } from 'vitest';
import { testDatabase } from '../../support/postgres.ts';
import { storeContract } from '../contract/index.ts';
import { harnessOn } from './harness.ts';

const harness = harnessOn(await testDatabase());
afterAll(() => harness.close());

storeContract({ open: () => harness.open(), it, describe });
