/**
 * Setup of the test files that share a process: what a file leaves behind fails that file, and not
 * one that comes after it. Spies and stubs of vitest are taken back here.
 */
import { afterAll, expect, vi } from 'vitest';
import { leftOpen, standing } from './stock.ts';

const before = standing();

afterAll(async () => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
  expect(standing(), 'what this file left in its process').toEqual(before);
  expect(await leftOpen(), 'what this file left open').toEqual([]);
});
