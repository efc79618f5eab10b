/** A server that is there to be killed: one heddle of a test's database, with its streams and what the test asks. */
import { writeSync } from 'node:fs';
import { oneTenant } from '../../src/access/scopes.ts';
import { createHeddle, stubProvider } from '../../src/index.ts';
import { serveStreams } from '../api/streams/serving.ts';
import { script } from '../support/script-agent.ts';

const [databaseUrl = ''] = process.argv.slice(2);
const heddle = await createHeddle({
  databaseUrl,
  agents: [script],
  providers: [stubProvider()],
  settings: { leaseMs: 1_500, pollMs: 200 },
  log: { info: () => undefined, warn: () => undefined },
});

/** Runs and channels, as far as the test needs them. */
async function answer({ pathname, searchParams }: URL, body: string): Promise<unknown> {
  const [, , what, name = '', part] = pathname.split('/');
  const given = (body === '' ? {} : JSON.parse(body)) as {
    readonly input: never;
    readonly payload: unknown;
    readonly type: never;
  };
  const after = Number(searchParams.get('after') ?? 0);
  const { store } = heddle.runtime;
  if (what === 'channels') {
    if (part === 'messages' && body !== '') return heddle.publish(name, given.payload);
    const channel = { scope: oneTenant('default'), channel: name, after, limit: 1 };
    return (await store.channelLogs([channel]))[0];
  }
  if (name === '') return { id: (await heddle.start('script', { input: given.input })).id };
  const run = await heddle.run(name);
  if (part === 'events') await run.send({ ...given });
  if (part === 'cancel') await run.cancel();
  if (part !== 'journal') return { id: run.id };
  const read = { scope: oneTenant(run.tenant), runId: run.id, afterTurn: after, limit: 1_000 };
  return { turns: (await store.runLogs([read]))[0]?.rows ?? [] };
}

const serving = await serveStreams(heddle, { answer });
writeSync(1, `${serving.url}\n`);
