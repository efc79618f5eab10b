/** What an author tells `task`, `tool` and `toolLoop` wrongly is refused by field where it is said. */
import { expect, it } from 'vitest';
import { z } from 'zod';
import { task, tool, toolLoop, type HeddleError } from '../../src/index.ts';
import { createMachine } from 'xstate';

const run = (): Promise<number> => Promise.resolve(1);
const sound = { description: 'd', schema: z.object({}), inputSchema: {}, run };

function refusedField(make: () => unknown): unknown {
  try {
    make();
  } catch (error) {
    expect((error as HeddleError).code).toBe('invalid-field');
    return (error as HeddleError).detail['field'];
  }
  return 'nothing';
}

it.each<[unknown, string]>([
  [undefined, 'nothing'],
  [{}, 'nothing'],
  [{ attempts: 20, backoffMs: 0, timeoutMs: 1, attemptTimeoutMs: 5 }, 'nothing'],
  [{ attempts: undefined }, 'nothing'],
  [null, 'task'],
  [3, 'task'],
  [new Date(), 'task'],
  [{ retries: 3 }, 'task.retries'],
  [{ attempts: 0 }, 'task.attempts'],
  [{ attempts: Number.NaN }, 'task.attempts'],
  [{ attempts: Number.POSITIVE_INFINITY }, 'task.attempts'],
  [{ attempts: '3' }, 'task.attempts'],
  [{ backoffMs: '5s' }, 'task.backoffMs'],
  [{ backoffMs: -1 }, 'task.backoffMs'],
  [{ backoffMs: 3_600_001 }, 'task.backoffMs'],
  [{ timeoutMs: 0 }, 'task.timeoutMs'],
  [{ timeoutMs: 1.5 }, 'task.timeoutMs'],
  [{ attemptTimeoutMs: Number.NaN }, 'task.attemptTimeoutMs'],
])('task %o: %s', (policy, field) => {
  expect(refusedField(() => task(run, policy as never))).toBe(field);
});

it('a task is a function', () => {
  expect(refusedField(() => task(undefined as never))).toBe('task.run');
});

it.each<[unknown, string]>([
  [sound, 'nothing'],
  [null, 'tool'],
  [{ ...sound, parameters: {} }, 'tool.parameters'],
  [{ ...sound, description: 5 }, 'tool.description'],
  [{ ...sound, schema: { type: 'object' } }, 'tool.schema'],
  [{ ...sound, schema: undefined }, 'tool.schema'],
  [{ ...sound, run: 'later' }, 'tool.run'],
])('tool %o: %s', (of, field) => {
  expect(refusedField(() => tool(of as never))).toBe(field);
});

const child = { agent: createMachine({ id: 'kid' }), description: 'd' };

it.each<[unknown, string]>([
  [{}, 'nothing'],
  [{ bounds: { iterationsMax: 3 }, taskPolicy: { attempts: 3 }, children: [child] }, 'nothing'],
  [{ tools: { sound }, generate: { temperature: 1 } }, 'nothing'],
  [{ id: undefined }, 'toolLoop.id'],
  [{ maxIterations: 3 }, 'toolLoop.maxIterations'],
  [{ bounds: null }, 'toolLoop.bounds'],
  [{ bounds: { retries: 3 } }, 'toolLoop.bounds.retries'],
  [{ bounds: { timeMs: '5s' } }, 'toolLoop.bounds.timeMs'],
  [{ bounds: { tokensMax: Number.NaN } }, 'toolLoop.bounds.tokensMax'],
  [{ bounds: { toolCallsMax: 0 } }, 'toolLoop.bounds.toolCallsMax'],
  [{ taskPolicy: { retries: 3 } }, 'toolLoop.taskPolicy.retries'],
  [{ taskPolicy: { attempts: Number.NaN } }, 'toolLoop.taskPolicy.attempts'],
  [{ generate: { maxToken: 5 } }, 'toolLoop.generate.maxToken'],
  [{ generate: { maxTokens: Number.NaN } }, 'toolLoop.generate.maxTokens'],
  [{ prompt: 'why?' }, 'toolLoop.prompt'],
  [{ system: 5 }, 'toolLoop.system'],
  [{ builtIn: 'recall' }, 'toolLoop.builtIn'],
  [{ builtIn: [Symbol('recall')] }, 'toolLoop.builtIn'],
  [{ tools: [] }, 'toolLoop.tools'],
  [{ tools: { plain: { run } } }, 'toolLoop.tools.plain.description'],
  [{ children: {} }, 'toolLoop.children'],
  [{ children: [{ ...child, agent: 'kid' }] }, 'toolLoop.children[0].agent'],
])('toolLoop %o: %s', (options, field) => {
  expect(refusedField(() => toolLoop({ id: 'loop', ...(options as object) }))).toBe(field);
});

it.each([null, undefined, 'loop', []])('toolLoop(%o)', (options) => {
  expect(refusedField(() => toolLoop(options as never))).toBe('toolLoop');
});
