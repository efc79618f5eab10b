/** What the process itself gives: ids. */
import { expect, it } from 'vitest';
import { asRunId } from '../src/domain/ids.ts';
import { systemIds } from '../src/system.ts';

it('ids are in the order in which they were made, also within a millisecond', () => {
  const ids = Array.from({ length: 20_000 }, () => systemIds.run());
  expect(ids.toSorted()).toEqual(ids);
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.map(asRunId)).toEqual(ids);
  for (const id of ids.slice(0, 100)) {
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  }
});
