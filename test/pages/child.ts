/** A server that is there to be killed: circuits and questions on a test's database, with its pages. */
import { writeSync } from 'node:fs';
import { approval } from '../../machines/examples/approval.ts';
import { agents } from '../../src/circuits/circuit.ts';
import { anthropic, createHeddle, ollama } from '../../src/index.ts';
import { serve } from '../../src/server.ts';

const [databaseUrl = '', port = '0', claude = '', local = ''] = process.argv.slice(2);
const heddle = await createHeddle({
  databaseUrl,
  agents: [...agents, approval],
  providers: [
    anthropic({ apiKey: 'none', baseUrl: claude, model: 'claude-sonnet-5-5', ceiling: 10 }),
    ollama({ baseUrl: local, model: 'qwen3', ceiling: 10 }),
  ],
  settings: { leaseMs: 1_500, pollMs: 200 },
  log: { info: () => undefined, warn: () => undefined },
});
const { url } = await serve(heddle, { port: Number(port) });
writeSync(1, `${url}\n`);
