/** A run's journal folded through its chart once more (promise 10). */
import { createKernel } from '../../src/kernel/kernel.ts';
import type { ChartState } from '../../src/kernel/port.ts';
import type { Run } from '../../src/index.ts';
import { script } from './script-agent.ts';

/** The state that a run's journal leads to, as its row would have it. */
export async function folded(run: Run, machine: unknown = script): Promise<string> {
  const kernel = createKernel();
  const agent = kernel.register(machine);
  let state: ChartState | null = null;
  for await (const { entry } of run.journal()) {
    switch (entry.kind) {
      case 'start':
        ({ state } = kernel.start(agent, entry.input, run.id));
        break;
      case 'cancel':
      case 'pause':
      case 'resume':
      case 'answer-dropped':
      case 'action-threw':
      case 'attempt-lost':
        // These move the run's life and not its chart.
        break;
      case 'done':
      case 'failed':
      case 'timer':
      case 'event':
        if (state === null) throw new Error('the journal has an event before the start');
        ({ state } = kernel.step(agent, state, entry, run.id));
    }
  }
  if (state === null) throw new Error('the journal is empty');
  return state.status === 'active'
    ? kernel.persist(agent, state)
    : kernel.persistEnded(agent, state);
}
