/** From an author's chart to an agent: checked, made ready for stepping, named and versioned. */
import type { AnyStateMachine } from 'xstate';
import type { InvocationSource } from '../domain/effect.ts';
import { heddleError } from '../domain/errors.ts';
import { checkName } from '../domain/ids.ts';
import { checkChart } from './check-chart.ts';
import { CompiledAgent } from './compiled-agent.ts';
import { Findings } from './findings.ts';
import { openPlacesOf } from './open-places.ts';
import type { RegisterOptions } from './port.ts';
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
  checkChart(findings);
  if (findings.refusals.length > 0) {
    const refusals = findings.refusals.map((refusal) => `\n- ${refusal}`).join('');
    throw heddleError('agent-refused', { agent: machine.id, refusals });
  }
  const { version, adopts = [] } = options;
  const hashes = hashesOf(machine);
  const sources = sourcesOf(machine);
  return new CompiledAgent({
    name: machine.id,
    version: version === undefined ? hashes.structure : checkName(version, 'version'),
    hashes,
    adopts: adopts.map((one, i) => checkName(one, `adopts[${i}]`)),
    definition: definitionOf(machine),
    warnings: findings.warnings,
    authored: machine,
    machine: prepare(machine, sources),
    sources,
    places: openPlacesOf(machine),
    logics: machine.implementations.actors as Record<string, unknown>,
  });
}

function sourcesOf(machine: AnyStateMachine): ReadonlyMap<string, InvocationSource> {
  const sources = new Map<string, InvocationSource>();
  for (const [key, logic] of Object.entries(machine.implementations.actors)) {
    const source = sourceOf(key, logic);
    if (source !== null) sources.set(key, source);
  }
  return sources;
}
