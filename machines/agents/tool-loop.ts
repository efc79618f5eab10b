/**
 * A tool loop with the defaults: the model gets heddle's own tools and works on the input's
 * `prompt`, until it asks for no more tools or a bound is reached.
 */
import { toolLoop } from '../../src/index.ts';

export const toolLoopAgent = toolLoop({
  id: 'tool-loop',
  system:
    'Work on the task with the tools that you have. What another agent must know, publish; ' +
    'what you must know later, remember. Ask a person when only a person can decide.',
  bounds: { iterationsMax: 50, tokensMax: 500_000, timeMs: 86_400_000 },
});
