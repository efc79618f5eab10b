/** The circuit of three agents, on two replicas and few slots. */
import { editor } from '../../../machines/agents/editor.ts';
import { evaluator } from '../../../machines/agents/evaluator.ts';
import { researcher } from '../../../machines/agents/researcher.ts';
import { outputsOf } from '../checks.ts';
import type { Client } from '../client.ts';
import { kernel } from '../kernel.ts';
import type { Scenario, World } from '../world.ts';

const agents = [researcher, editor, evaluator].map((machine) => kernel.register(machine));

/** Starts the runs of a circuit, in this order of the three. */
async function startCircuit(
  client: Client,
  circuit: number,
  order: readonly number[] = [0, 1, 2],
): Promise<void> {
  await client.startAll(
    order.flatMap((at) => {
      const agent = agents[at];
      if (agent === undefined) return [];
      const input = at === 0 ? { circuit, question: `Why ${circuit}?` } : { circuit };
      const options = { user: 'u', pipeline: `p${circuit}` };
      return [{ agent, input, options }];
    }),
  );
}

/** Everything that a circuit leaves, without the ids of its runs. */
function leftBy(world: World): unknown {
  const { versions, evaluations, messages } = world.store.database.tables;
  return [
    outputsOf(world)
      .map((run) => JSON.stringify(run))
      .sort(),
    versions
      .all()
      .map(({ key, version, valueText }) => `${key}/${version} ${valueText}`)
      .sort(),
    evaluations
      .all()
      .map(({ score, rationale }) => `${score} ${rationale}`)
      .sort(),
    messages
      .all()
      .map(({ channel, seq }) => `${channel}/${seq}`)
      .sort(),
  ];
}

export const twoCircuits: Scenario = {
  name: 'two circuits on two replicas',
  agents,
  replicas: 2,
  ceiling: 1,
  clients: [(client) => startCircuit(client, 0), (client) => startCircuit(client, 1, [2, 1, 0])],
  outcome: leftBy,
};

/** Promise 7: with this many permits, and starts in this order, all circuits complete. */
export function admission(
  permitsMax: number,
  starts: readonly (readonly [number, number])[],
): Scenario {
  return {
    name: `admission with ${permitsMax} permits`,
    agents,
    replicas: 1,
    settings: { permitsMax },
    clients: [
      async (client) => {
        for (const [circuit, at] of starts) await startCircuit(client, circuit, [at]);
      },
    ],
    outcome: leftBy,
  };
}
