/**
 * The order in which test files begin: those that take longest first, so that no worker idles while the
 * last one is at them. vitest learns that from earlier runs, which a fresh clone does not have; without
 * them it goes by the length of the file, and these are short ones.
 *
 * Files that share processes come after all that have one of their own: a worker ends its process when
 * the next file is of the other sort.
 */
import { BaseSequencer, type TestSpecification } from 'vitest/node';

export const longest = [
  'test/package.test.ts',
  'test/simulation/interleavings.test.ts',
  'test/crash/',
  'test/cli/serve-process.pg.test.ts',
  'test/cli/circuits-pages.pg.test.ts',
  'test/simulation/planted.test.ts',
  'test/store/embedded/',
  'test/cli/circuits-emulated.pg.test.ts',
  'test/cli/circuits.pg.test.ts',
  'test/store/postgres/silence.pg.test.ts',
  'test/store/agree.pg.test.ts',
  'test/library/output.pg.test.ts',
  'test/kernel/mermaid.test.ts',
  'test/properties/kernel-equals-live.test.ts',
  'test/store/postgres/unclear-errors.pg.test.ts',
  'test/library/close-silent.pg.test.ts',
  'test/tool-loop/odd-schemas.test.ts',
  'test/client/',
];

function rankOf({ moduleId, project }: TestSpecification): number {
  const rank = longest.findIndex((part) => moduleId.includes(`/${part}`));
  const ofItsSort = rank < 0 ? longest.length : rank;
  return project.config.isolate ? ofItsSort : ofItsSort + longest.length + 1;
}

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.toSorted((a, b) => rankOf(a) - rankOf(b));
  }
}
