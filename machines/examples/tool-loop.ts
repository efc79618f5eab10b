/**
 * A model that works with tools: a clerk of a yarn shop looks up the stock and reserves what is ordered.
 *
 * It shows `toolLoop`, a chart that calls the model, carries out the tools that it asks for, tells it the
 * results and calls it again, until it asks for no more tools or a bound is reached. Every step is
 * durable. A tool is a task: it runs at least once, and `idempotencyKey` is the same each time, so
 * `reserve` can see that it has reserved already.
 */
import { z } from 'zod';
import { tool, toolLoop } from '../../src/index.ts';

/** The shop: it stands for a database of yours. */
export const shop = {
  balls: { merino: 12, alpaca: 3 } as Readonly<Record<string, number>>,
  /** By idempotency key. */
  reservations: new Map<string, { readonly yarn: string; readonly balls: number }>(),
};

const stock = tool({
  description: 'How many balls of a yarn are there.',
  schema: z.object({ yarn: z.string() }),
  run: async ({ input }) => ({ balls: shop.balls[input.yarn] ?? 0 }),
});

const reserve = tool({
  description: 'Reserves balls of a yarn.',
  schema: z.object({ yarn: z.string(), balls: z.number().int().min(1) }),
  run: async ({ input, idempotencyKey }) => {
    shop.reservations.set(idempotencyKey, input);
    return { reserved: input.balls };
  },
});

export const clerk = toolLoop({
  id: 'clerk',
  system: 'You take orders of yarn. Look up the stock before you reserve anything.',
  builtIn: [],
  tools: { stock, reserve },
  bounds: { iterationsMax: 10 },
});
