import { expect, it } from 'vitest';
import { agents, fromTenant, startsOf, tenantOf } from '../../src/circuits/circuit.ts';
import { modes } from '../../src/circuits/settings.ts';

it('starts three agents of its mode, which are all registered', () => {
  const started = modes.flatMap((mode) =>
    startsOf(1, { mode, tenant: 't', circuitsPerUser: 10 }).map(({ agent }) => agent),
  );
  expect(started).toEqual(agents.map(({ machine }) => machine.id));
  expect(new Set(started).size).toBe(6);
});

it('gives ten circuits one user, and each a pipeline of its own', () => {
  const all = Array.from({ length: 25 }, (_, i) =>
    startsOf(i + 1, { mode: 'statechart', tenant: 't', circuitsPerUser: 10 }),
  );
  const users = all.map(([first]) => first?.user);
  expect(users.filter((user) => user === 'u1')).toHaveLength(10);
  expect(users.filter((user) => user === 'u3')).toHaveLength(5);
  const pipelines = all.flatMap((starts) => [...new Set(starts.map(({ pipeline }) => pipeline))]);
  expect(new Set(pipelines).size).toBe(25);
  expect(pipelines[0]).toBe('c1');
});

it('reads the scale back from the tenant', () => {
  expect(tenantOf('statechart', 300, 'x-1')).toBe('circuits/300-x-1');
  for (const mode of modes) {
    const parts = { mode, scale: 300, startId: 'x-1' };
    expect(fromTenant(tenantOf(mode, 300, 'x-1'))).toEqual(parts);
  }
  for (const other of ['circuits', 'circuits/300', 'circuits/many-x', 'my/circuits/3-x']) {
    expect(fromTenant(other)).toBeNull();
  }
});
