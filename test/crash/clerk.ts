/** A chat whose model looks something up and pays for each prompt; a person must allow the paying. */
import { appendFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { tool, toolLoop } from '../../src/index.ts';

export const promptsMax = 4;
export const approvalTimeoutMs = 1_500;

/** One carrying-out of a tool, a line of the file that all replicas write. */
export type Effect = {
  readonly tool: 'look' | 'pay';
  readonly key: string;
  readonly prompt: string;
  readonly amount?: number;
};

/** `file`: where its tools leave their effects. */
export function clerk(file: string) {
  const carriedOut = async (effect: Effect): Promise<string> => {
    await sleep(10);
    appendFileSync(file, `${JSON.stringify(effect)}\n`);
    // A kill finds many of these: the effect is there, and its result is not.
    await sleep(90);
    return `${effect.tool} ${effect.amount ?? ''} for ${effect.prompt}`;
  };
  return toolLoop({
    id: 'clerk',
    builtIn: [],
    tools: {
      look: tool({
        description: 'Looks it up.',
        schema: z.object({ prompt: z.string() }),
        run: ({ input: { prompt }, idempotencyKey: key }) =>
          carriedOut({ tool: 'look', key, prompt }),
      }),
      pay: tool({
        description: 'Pays for it.',
        schema: z.object({ prompt: z.string(), amount: z.number() }),
        needsApproval: true,
        run: ({ input: { prompt, amount }, idempotencyKey: key }) =>
          carriedOut({ tool: 'pay', key, prompt, amount }),
      }),
    },
    approvalTimeoutMs,
    chat: { promptsMax, idleMs: 600_000 },
  });
}
