/**
 * A replica with chats of clerks, that is there to be killed. Each request of its model is held against the
 * rules of a vendor, and a refusal is a line of the file of effects.
 */
import { appendFileSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { createHeddle, type GenerateRequest, type Provider } from '../../src/index.ts';
import { anthropicRequest } from '../../src/providers/anthropic/anthropic-request.ts';
import { anthropicRefusal } from '../properties/requests/rules/anthropic.ts';
import { clerk } from './clerk.ts';

const [databaseUrl = '', file = ''] = process.argv.slice(2);
const to = { model: 'claude-sonnet-4-5', provider: 'model', maxTokens: 1_000, style: null };

function judge(input: GenerateRequest): void {
  const { body } = anthropicRequest(input, to);
  const refusal = anthropicRefusal(JSON.parse(JSON.stringify(body)));
  if (refusal !== null) appendFileSync(file, `${JSON.stringify({ refusal })}\n`);
}

/** Both tools for a prompt, and then their results in words. */
const model: Provider = {
  name: 'model',
  ceiling: 10,
  call: async ({ input }) => {
    judge(input);
    await sleep(15);
    const { messages = [] } = input;
    const last = messages.at(-1);
    const rest = {
      usage: { inputTokens: 10, outputTokens: 1 },
      provider: 'model',
      model: to.model,
      stopReason: 'end' as const,
    };
    if (last?.role !== 'user') {
      const told = messages.flatMap((one) => (one.role === 'tool' ? [one.content] : [])).slice(-2);
      return { text: told.join('; '), toolCalls: [], ...rest };
    }
    const prompt = last.content;
    const toolCalls = [
      { id: `look-${prompt}`, name: 'look', input: { prompt } },
      { id: `pay-${prompt}`, name: 'pay', input: { prompt, amount: 5 } },
    ];
    return { text: '', toolCalls, ...rest };
  },
};

const heddle = await createHeddle({
  databaseUrl,
  agents: [clerk(file)],
  providers: [model],
  settings: { leaseMs: 600, pollMs: 200 },
  log: { info: () => undefined, warn: () => undefined },
});
writeSync(1, 'started\n');
process.stdin.resume();
process.stdin.once('end', () => void heddle.close());
