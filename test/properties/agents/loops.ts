/** Tool loops, open and closed, with tools that answer, throw, hang, show, wait their turn and need a person. */
import { z } from 'zod';
import { HeddleError } from '../../../src/domain/errors.ts';
import { tool, toolLoop, type ToolLoopMachine, type ToolLoopOptions } from '../../../src/index.ts';
import { performTask } from '../../simulation/tasks.ts';
import { optionsOf } from '../requests/chart-input.ts';
import { image, type OptionsSpec } from '../requests/history-spec.ts';
import { vendors } from '../requests/vendors.ts';
import type { AgentCase, Route } from './agent-case.ts';

const schema = z.object({ of: z.string().optional() });
const toolThat = (how: string, of: Partial<Parameters<typeof tool>[0]> = {}) =>
  tool({
    description: `It is one that ${how}.`,
    schema,
    run: ({ idempotencyKey }) => performTask(`${how}:${idempotencyKey}`),
    ...of,
  });

const tools = {
  look: toolThat('given'),
  take: toolThat('throws', { retries: 1 }),
  my_tool: toolThat('hangs', { timeoutMs: 40 }),
  show: toolThat('given', {
    run: async ({ idempotencyKey }) => {
      const { mediaType, data } = image;
      await performTask(`given:${idempotencyKey}`);
      return { type: 'image', mediaType, data };
    },
  }),
  pay: toolThat('given', { needsApproval: true }),
  send: toolThat('late', { needsApproval: true, serial: true }),
};

/** Null: the options are refused where they are given. */
export function loopOf(
  { kind, steps }: AgentCase,
  build: 0 | 1,
  route: Route,
): ToolLoopMachine | null {
  const { options } = steps[build] ?? steps[0] ?? {};
  if (options === undefined) throw new RangeError('there are no options');
  try {
    return toolLoop({
      id: 'loop',
      builtIn: ['remember'],
      tools,
      approvalTimeoutMs: 90,
      bounds: { iterationsMax: 8 },
      taskPolicy: { attempts: 2, backoffMs: 5 },
      ...routeOf(route),
      ...generateOf(options),
      ...(kind === 'chat' ? { chat: { idleMs: 400, promptsMax: 6 } } : {}),
    });
  } catch (error) {
    if (error instanceof HeddleError && error.code === 'invalid-field') return null;
    throw error;
  }
}

function routeOf({ targets, namesModel }: Route): Partial<ToolLoopOptions> {
  const to = targets.flatMap((target) => vendors[target % vendors.length] ?? []);
  const [first] = to;
  if (first === undefined) throw new RangeError('a route leads to no vendor');
  if (namesModel) return { provider: first.provider.name, model: first.model };
  return { providers: [...new Set(to.map(({ provider }) => provider.name))] };
}

function generateOf(options: OptionsSpec): Partial<ToolLoopOptions> {
  const { choice } = options;
  const { system, tools: _, toolChoice, schema: __, ...generate } = optionsOf(options);
  const named = { toolChoice: { tool: 'look' } };
  const forced = choice === 'named' ? named : toolChoice === undefined ? {} : { toolChoice };
  return {
    ...(system === undefined ? {} : { system }),
    generate: { ...generate, ...forced },
  };
}
