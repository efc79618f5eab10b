/** Makes of the versions of a memory entry what a chart, or a caller of the library, is given. */
import type { RecallOutput } from '../../domain/catalogue.ts';
import type { Json } from '../../domain/json.ts';

type Versions = readonly {
  readonly version: number;
  readonly valueText: string;
  readonly deleted: boolean;
  readonly runId: string | null;
  readonly turn: number | null;
}[];

export function recalled(key: string, versions: Versions, history: number): RecallOutput {
  const [first, ...earlier] = versions;
  const valueOf = (row: Versions[number]): Json =>
    row.deleted ? null : (JSON.parse(row.valueText) as Json);
  const newest =
    first === undefined || first.deleted
      ? ({ found: false, version: 0, value: null } as const)
      : ({ found: true, version: first.version, value: valueOf(first) } as const);
  return {
    key,
    ...newest,
    history: earlier.slice(0, history).map((row) => ({
      version: row.version,
      parent: row.version > 1 ? row.version - 1 : null,
      value: valueOf(row),
      deleted: row.deleted,
      runId: row.runId,
      turn: row.turn,
    })),
  };
}
