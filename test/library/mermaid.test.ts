/** An agent's chart as text for Mermaid, asked of the library. */
import { expect, it } from 'vitest';
import { createMachine } from 'xstate';
import { oneReplica } from '../support/replica.ts';

it('is made of the definition that the database has', async () => {
  const door = createMachine({
    id: 'door',
    initial: 'shut',
    states: { shut: { on: { OPEN: 'open' } }, open: { type: 'final' } },
  });
  const { heddle } = await oneReplica({ agents: [door] });
  expect(await heddle.mermaid('door')).toBe(`stateDiagram-v2
state "door" as s0 {
  [*] --> s1
  s1 --> s2 : OPEN
  state "shut" as s1
  state "open" as s2
  s2 --> [*]
}
`);
  await expect(heddle.mermaid('gate')).rejects.toMatchObject({ code: 'agent-unknown' });
  await heddle.close();
});
