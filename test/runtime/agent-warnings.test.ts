/** What registration warns of reaches the host's log, all of it, once for each version. */
import { expect, it } from 'vitest';
import { createMachine, fromPromise, raise } from 'xstate';
import { createHeddle } from '../../src/index.ts';
import { createKernel } from '../../src/kernel/kernel.ts';
import { warnOfAgents } from '../../src/runtime/agent-warnings.ts';

type Facts = { readonly warnings?: readonly string[] };
type Line = { readonly message: string; readonly facts: Facts };

function listening() {
  const lines: Line[] = [];
  const add = (message: string, facts: unknown): unknown =>
    lines.push({ message, facts: facts as Facts });
  return { lines, log: { info: add, warn: add } };
}

const quiet = createMachine({ id: 'quiet', on: { GO: {} } });
const loud = createMachine({
  id: 'loud',
  invoke: { src: fromPromise(() => Promise.resolve(1)) },
  entry: [() => undefined, raise({ type: 'X' }, { delay: 7 })],
  on: { '*': {} },
  after: { 5: {} },
});

it('each warning, of two versions each', async () => {
  const { lines, log } = listening();
  const agents = [quiet, { machine: loud, version: '1' }, { machine: loud, version: '2' }];
  // What is refused after the agents were taken: nothing is opened.
  const opened = createHeddle({ agents, log, tenantWeights: { acme: -1 } });
  await expect(opened).rejects.toMatchObject({ code: 'invalid-field' });
  const advice = ['loud: invoke "0.loud" has no onError: its failure ends the run.'];
  expect(lines).toMatchObject([
    { message: 'an agent has warnings', facts: { agent: 'loud', version: '1' } },
    { message: 'an agent could be safer', facts: { agent: 'loud', version: '1', advice } },
    { message: 'an agent has warnings', facts: { agent: 'loud', version: '2' } },
    { message: 'an agent could be safer', facts: { agent: 'loud', version: '2', advice } },
  ]);
  const warnings = lines[0]?.facts.warnings;
  for (const words of [
    'an inline function as an action',
    'the delay 7 stands in the chart as a number',
    'the delay 5 stands in the chart as a number',
    '"*" also swallows',
    'has no id and is named by its place',
    'has inline logic, which is named by its place',
  ]) {
    expect(warnings).toContainEqual(expect.stringContaining(words));
  }
});

it('fifty of a chart that has more, and how many more', () => {
  const { lines, log } = listening();
  const states = Object.fromEntries(
    Array.from({ length: 60 }, (_, n) => [`s${n}`, { after: { 5: 's0' } }]),
  );
  const agent = createKernel().register(
    createMachine({ id: 'wide', initial: 's0', states } as never),
  );
  warnOfAgents([agent], log);
  expect(lines).toMatchObject([{ facts: { more: 10 } }]);
  expect(lines[0]?.facts.warnings).toHaveLength(50);
});
