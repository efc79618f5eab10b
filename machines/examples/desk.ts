/**
 * A desk that stays open: customers of a yarn shop ask it one thing after the other, and it pays back what they
 * return. A person must allow a large sum.
 *
 * It shows a tool loop with `chat`: prompts come on a channel of the run, wait there while the desk replies, and
 * have one reply each. It also shows `needsApproval`: the model's call of `refund` becomes a question to the shop,
 * and the desk goes on when it is answered, even by another process. A denial is told to the model in words.
 */
import { z } from 'zod';
import { tool, toolLoop } from '../../src/index.ts';

/** What was paid back, by idempotency key: it stands for a bank. */
export const refunds = new Map<string, number>();

const refund = tool({
  description: 'Pays money back to the customer.',
  schema: z.object({ euros: z.number().positive() }),
  needsApproval: ({ euros }) => euros > 50,
  assignee: 'shop',
  run: async ({ input, idempotencyKey }) => {
    refunds.set(idempotencyKey, input.euros);
    return { refunded: input.euros };
  },
});

export const desk = toolLoop({
  id: 'desk',
  system: 'You serve customers of a yarn shop. Refund what they return.',
  builtIn: [],
  tools: { refund },
  approvalTimeoutMs: 24 * 60 * 60 * 1_000,
  // Waiting for a person counts in the time of an answer.
  bounds: { timeMs: 25 * 60 * 60 * 1_000 },
  chat: { idleMs: 60 * 60 * 1_000 },
});
