/**
 * Registers this replica's agents with the database: what runs of each version stand on, and what processes
 * without the agent must know of it.
 */
import { bytesOfJson } from '../../domain/json.ts';
import { heddleError } from '../../domain/errors.ts';
import { limits } from '../../domain/limits.ts';
import type { Agent } from '../../kernel/port.ts';
import type { AgentRegistration, Store, StructureInUse } from '../../store/port.ts';

/** Throws `structure-changed` when runs of another structure are open under one of the versions. */
export async function registerWith(store: Store, agents: readonly Agent[]): Promise<void> {
  const asked = agents.map(registrationOf);
  const inUse = await store.registerAgents(asked);
  if (inUse.length === 0) return;
  const changed =
    inUse.find((kept) => !isFormer(agents, kept)) ??
    // Structures that heddle itself has changed since, and whose runs the charts take up.
    (
      await store.registerAgents(
        asked.map((one) => ({
          ...one,
          replaces: one.replaces || inUse.some((kept) => isOf(kept, one)),
        })),
      )
    )[0];
  if (changed === undefined) return;
  const { agent, version, open } = changed;
  throw heddleError('structure-changed', { agent, version, open });
}

function isFormer(agents: readonly Agent[], kept: StructureInUse): boolean {
  return agents.some(
    ({ name, version, formerStructures }) =>
      isOf(kept, { agent: name, version }) && formerStructures.includes(kept.structure),
  );
}

type Named = { readonly agent: string; readonly version: string };

function isOf(kept: Named, { agent, version }: Named): boolean {
  return kept.agent === agent && kept.version === version;
}

function registrationOf(agent: Agent): AgentRegistration {
  const { name, version, structure, adopts, definition, schemas } = agent;
  const definitionBytes = bytesOfJson(definition);
  const isKept = definitionBytes <= limits.definitionBytesMax;
  return {
    agent: name,
    version,
    structure,
    replaces: adopts.includes(version),
    definitionBytes,
    definitionText: isKept ? JSON.stringify(definition) : null,
    inputSchemaText: schemas.input === null ? null : JSON.stringify(schemas.input),
    eventSchemasText:
      Object.keys(schemas.events).length === 0 ? null : JSON.stringify(schemas.events),
  };
}
