/** One fresh database for each test file, on the server that `postgres-setup.ts` keeps. */
import { randomBytes } from 'node:crypto';
import { basename } from 'node:path';
import { afterAll, afterEach, expect } from 'vitest';
import { databaseAt, onServer } from './on-server.ts';
import { keepWreckage } from './postgres-wreckage.ts';

/**
 * Creates a database and gives its URL: `const url = await testDatabase()`, at the top of a test
 * file. After the file's tests it is dropped, unless one of them failed: then it is kept, and the
 * end of the run says where.
 *
 * It has heddle's schema already, which `postgres-setup.ts` has made once, so that no file waits for
 * the migrations; with `empty` it has nothing, as a newcomer's.
 */
export async function testDatabase({ empty = false } = {}): Promise<string> {
  const server = process.env['HEDDLE_TEST_DATABASE_URL'];
  if (server === undefined) throw new Error('test/support/postgres-setup.ts has not run');
  const file = basename(expect.getState().testPath ?? 'test').replace(/[^a-z0-9]+/g, '_');
  const name = `t_${file.slice(0, 40)}_${randomBytes(4).toString('hex')}`;
  const template = empty ? 'template0' : process.env['HEDDLE_TEST_TEMPLATE'];
  // Postgres would write a copy block by block into its log, which takes five times as long.
  await onServer(server, `create database ${name} template ${template} strategy file_copy`);
  let failed = false;
  afterEach(({ task }) => {
    failed ||= task.result?.state === 'fail';
  });
  // oxlint-disable-next-line no-empty-pattern -- vitest insists on a pattern before the suite
  afterAll(async ({}, suite) => {
    // A beforeAll that throws fails the suite and reaches no test.
    if (failed || suite.result?.state === 'fail') await keepWreckage(name);
    else await onServer(server, `drop database ${name} with (force)`);
  });
  return databaseAt(server, name);
}
