import { expect, it } from 'vitest';
import { agents, fromTenant, startsOf, tenantOf } from '../../src/circuits/circuit.ts';

it('gives ten circuits one user, and each a pipeline of its own', () => {
  const all = Array.from({ length: 25 }, (_, i) =>
    startsOf(i + 1, { tenant: 't', circuitsPerUser: 10 }),
  );
  for (const starts of all)
    expect(starts.map(({ agent }) => agent)).toEqual(agents.map(({ machine }) => machine.id));
  const users = all.map(([first]) => first?.user);
  expect(users.filter((user) => user === 'u1')).toHaveLength(10);
  expect(users.filter((user) => user === 'u3')).toHaveLength(5);
  const pipelines = all.flatMap((starts) => [...new Set(starts.map(({ pipeline }) => pipeline))]);
  expect(new Set(pipelines).size).toBe(25);
  expect(pipelines[0]).toBe('c1');
});

it('reads the scale back from the tenant', () => {
  expect(tenantOf(300, 'x-1')).toBe('circuits/300-x-1');
  expect(fromTenant('circuits/300-x-1')).toEqual({ scale: 300, startId: 'x-1' });
  for (const other of ['circuits', 'circuits/300', 'circuits/many-x', 'my/circuits/3-x']) {
    expect(fromTenant(other)).toBeNull();
  }
});
