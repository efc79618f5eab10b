/**
 * The order in which test files begin: those that take longest first, so that no worker idles while the
 * last one is at them. vitest learns that from earlier runs, which a fresh clone does not have; without
 * them it goes by the length of the file, and these are short ones.
 */
import { BaseSequencer, type TestSpecification } from 'vitest/node';

export const longest = [
  'test/simulation/interleavings.test.ts',
  'test/crash/',
  'test/package.test.ts',
  'test/store/agree.pg.test.ts',
  'test/simulation/planted.test.ts',
  'test/store/embedded/',
  'test/cli/circuits-emulated.pg.test.ts',
  'test/cli/circuits.pg.test.ts',
];

function rankOf({ moduleId }: TestSpecification): number {
  const rank = longest.findIndex((part) => moduleId.includes(`/${part}`));
  return rank < 0 ? longest.length : rank;
}

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.toSorted((a, b) => rankOf(a) - rankOf(b));
  }
}
