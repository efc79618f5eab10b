/** Setup of every test file: closes what `closing.ts` was told of. */
import { afterAll, afterEach } from 'vitest';
import { closeAll } from './closing.ts';

afterEach(() => closeAll('test'));
afterAll(() => closeAll('file'));
