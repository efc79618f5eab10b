/**
 * A process that uses the embedded Postgres, for tests to race and to kill: it starts it as its
 * one argument says, prints the handle as one line of JSON, and closes when its input ends.
 */
import { startEmbeddedPostgres } from '../../../src/store/embedded/embedded-postgres.ts';

try {
  const server = await startEmbeddedPostgres(JSON.parse(process.argv[2] ?? '{}'));
  console.log(JSON.stringify(server));
  process.stdin.resume();
  await new Promise((settle) => process.stdin.once('end', settle));
  await server.close();
} catch (thrown) {
  console.log(JSON.stringify({ failed: { ...(thrown as object), text: String(thrown) } }));
}
