/**
 * Makes an agent of an author's chart: checks it, prepares it for stepping, names and versions it.
 */
import type { InvocationSource } from '../domain/effect.ts';
import { heddleError, toErrorRecord } from '../domain/errors.ts';
import { checkName } from '../domain/ids.ts';
import { checkChart } from './check-chart.ts';
import { inlineSpawned, logicsOf, type Logics } from './inline-logic.ts';
import { CompiledAgent } from './compiled-agent.ts';
import { Findings } from './findings.ts';
import { openPlacesOf } from './open-places.ts';
import { noSchemas, type RegisterOptions } from './port.ts';
import { prepare } from './prepare.ts';
import { isStateMachine, sourceOf } from './sources.ts';
import { definitionOf, hashesOf } from './version.ts';

/** Checks a machine and makes it an agent; throws `agent-refused` with every reason at once. */
export function register(machine: unknown, options: RegisterOptions = {}): CompiledAgent {
  if (!isStateMachine(machine)) {
    throw heddleError('agent-refused', {
      agent: '?',
      refusals: 'It is not a chart: give what setup({ … }).createMachine({ … }) returns.',
    });
  }
  const findings = new Findings(machine);
  try {
    checkChart(findings);
  } catch (error) {
    // XState examines some parts of a chart only when they are asked for, and then throws.
    const what = `XState cannot read the chart: ${toErrorRecord(error).message}`;
    findings.refuse(machine.id, what, 'mend it until createActor(machine).start() runs');
  }
  if (findings.refusals.length > 0) {
    const refusals = findings.refusals.map((refusal) => `\n- ${refusal}`).join('');
    throw heddleError('agent-refused', { agent: machine.id, refusals });
  }
  const { version, adopts = [], schemas = noSchemas } = options;
  const hashes = hashesOf(machine);
  const spawned = inlineSpawned(machine);
  const logics = logicsOf(machine, spawned);
  const sources = sourcesOf(logics);
  return new CompiledAgent({
    name: machine.id,
    version: version === undefined ? hashes.structure : checkName(version, 'version'),
    hashes,
    adopts: adopts.map((one, i) => checkName(one, `adopts[${i}]`)),
    schemas,
    definition: definitionOf(machine),
    warnings: findings.warnings,
    advice: findings.advice,
    authored: machine,
    machine: prepare(machine, sources, spawned),
    sources,
    places: openPlacesOf(machine),
    logics,
  });
}

function sourcesOf(logics: Logics): ReadonlyMap<string, InvocationSource> {
  const sources = new Map<string, InvocationSource>();
  for (const [key, logic] of Object.entries(logics)) {
    const source = sourceOf(key, logic);
    if (source !== null) sources.set(key, source);
  }
  return sources;
}
