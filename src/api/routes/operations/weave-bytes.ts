/**
 * The past of drawn runs as bytes, little-endian: docs/pages.md has the format, and `heddle/client` reads it.
 *
 * `HDW1`, the length of the header, the header (JSON with spaces at its end), then columns: when each run was created
 * (float64), the names of its agent, user and pipeline (uint32, places in the header's `names`), its turn, how many
 * steps it has (uint32), the steps of all runs (uint32: ms since `fromMs`, times 32, plus the place in the header's
 * `statuses`), the ids of the runs (16 bytes each).
 */
import type { WeavePast, WeaveRun } from '../../../library/live/weave-past.ts';
import { runStatuses } from '../../../library/runs-query.ts';

const magic = 0x31574448;
const msMax = 2 ** 27 - 1;

export function weaveBytes({ runs, ...about }: WeavePast): Buffer {
  const names = new Names();
  const columns = {
    agent: runs.map(({ agent }) => names.placeOf(agent)),
    user: runs.map(({ user }) => names.placeOf(user)),
    pipeline: runs.map(({ pipeline }) => names.placeOf(pipeline)),
    turn: runs.map(({ turn }) => turn),
    steps: runs.map(({ steps }) => steps.length),
  };
  const steps = runs.flatMap((run) => packed(run, about.fromMs));
  const of = { runs: runs.length, steps: steps.length, statuses: runStatuses, names: names.all };
  const text = Buffer.from(JSON.stringify({ ...about, ...of }));
  const header = Buffer.concat([text, Buffer.alloc((8 - (text.length % 8)) % 8, ' ')]);
  const words = [...Object.values(columns).flat(), ...steps];
  const bytes = Buffer.alloc(8 + header.length + runs.length * (8 + 16) + words.length * 4);
  bytes.writeUInt32LE(magic, 0);
  bytes.writeUInt32LE(header.length, 4);
  let at = 8 + header.copy(bytes, 8);
  for (const { createdAtMs } of runs) at = bytes.writeDoubleLE(createdAtMs, at);
  for (const word of words) at = bytes.writeUInt32LE(word, at);
  for (const { runId } of runs) at += bytes.write(runId.replaceAll('-', ''), at, 'hex');
  return bytes;
}

const statusPlaces = new Map(runStatuses.map((status, place) => [status, place]));

function packed({ steps }: WeaveRun, fromMs: number): number[] {
  return steps.map(({ atMs, status }) => {
    const ms = Math.min(msMax, Math.max(0, Math.round(atMs - fromMs)));
    return ms * 32 + (statusPlaces.get(status) ?? 31);
  });
}

/** Each name once. */
class Names {
  readonly #places = new Map<string, number>();

  get all(): readonly string[] {
    return [...this.#places.keys()];
  }

  placeOf(name: string): number {
    const place = this.#places.get(name) ?? this.#places.size;
    this.#places.set(name, place);
    return place;
  }
}
