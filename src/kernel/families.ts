/**
 * Charts that invoke charts. A child runs as the agent that is registered under its chart's id. So
 * a parent that holds another chart with that id would refer to one chart and run the other.
 */
import type { AnyStateMachine } from 'xstate';
import { heddleError } from '../domain/errors.ts';
import type { CompiledAgent } from './compiled-agent.ts';
import { structureOf } from './structure.ts';

/**
 * Throws `agent-refused` when a chart among an agent's actors is not the registered one with its
 * id.
 */
export function checkFamilies(agents: readonly CompiledAgent[]): void {
  const named = (id: string): readonly CompiledAgent[] => agents.filter(({ name }) => name === id);
  for (const agent of agents) {
    const refusals = [...agent.charts].flatMap(([key, chart]) => {
      const refusal = refusalOf(chart, named(chart.id));
      return refusal === null ? [] : [`\n- ${agent.name} actor "${key}": ${refusal}.`];
    });
    if (refusals.length > 0) {
      throw heddleError('agent-refused', { agent: agent.name, refusals: refusals.join('') });
    }
  }
}

function refusalOf(chart: AnyStateMachine, known: readonly CompiledAgent[]): string | null {
  const { id } = chart;
  if (known.length === 0) {
    return `no agent is registered as "${id}"; add its chart to the agents`;
  }
  if (known.some(({ authored }) => authored === chart) || isPlaceholder(chart)) return null;
  // A chart that `provide` changed is another object but the same chart, so structures are
  // compared.
  const own = structureOf(chart);
  if (known.some(({ structure }) => structure === own)) return null;
  const mend = 'register this one, or give one of them another id';
  return `it is another chart than the agent that is registered as "${id}"; ${mend}`;
}

/** A chart that gives only its id and types; an agent that invokes itself needs one. */
function isPlaceholder({ root }: AnyStateMachine): boolean {
  const { entry, exit, invoke, always, transitions, states, output } = root;
  return (
    Object.keys(states).length + entry.length + exit.length + invoke.length === 0 &&
    transitions.size === 0 &&
    always === undefined &&
    output === undefined
  );
}
