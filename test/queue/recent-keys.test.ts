import { expect, it } from 'vitest';
import { RecentKeys } from '../../src/queue/recent-keys.ts';

it('remembers keys for a while and forgets them in the end', () => {
  const recent = new RecentKeys(10);
  for (let i = 0; i < 100; i++) expect(recent.add(`k${i}`)).toBe(true);
  for (let i = 90; i < 100; i++) expect(recent.add(`k${i}`)).toBe(false);
  expect(recent.has('k0')).toBe(false);
});
