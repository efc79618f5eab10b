/**
 * The past of drawn runs as bytes, little-endian: docs/pages.md has the format, and `heddle/client` reads it.
 *
 * `HDW1`, the length of the header, the header (JSON with spaces at its end), then columns: when each run was created
 * (float64), the names of its agent, user and pipeline (uint32, places in the header's `names`), its turn, how many
 * steps it has (uint32), the steps of all runs (uint32: ms since `fromMs`, times 32, plus the place in the header's
 * `statuses` and `phases`), the ids of the runs (16 bytes each).
 *
 * A step with a phase has a place of its own, at which `statuses` has its status: clients of earlier releases, which do
 * not know `phases`, read it as a step without one.
 */
import type { WeavePast } from '../../../library/live/weave-past.ts';
import type { WeaveStep } from '../../../library/live/weave-phases.ts';
import { runStatuses } from '../../../library/runs-query.ts';

const magic = 0x31574448;
const msMax = 2 ** 27 - 1;

export function weaveBytes({ runs, ...about }: WeavePast): Buffer {
  const names = new Names();
  const columns = [
    runs.map(({ agent }) => names.placeOf(agent)),
    runs.map(({ user }) => names.placeOf(user)),
    runs.map(({ pipeline }) => names.placeOf(pipeline)),
    runs.map(({ turn }) => turn),
    runs.map(({ steps }) => steps.length),
  ];
  const steps = runs.reduce((sum, run) => sum + run.steps.length, 0);
  const of = { runs: runs.length, steps, statuses, phases, names: names.all };
  const text = Buffer.from(JSON.stringify({ ...about, ...of }));
  const header = Buffer.concat([text, Buffer.alloc((8 - (text.length % 8)) % 8, ' ')]);
  const words = runs.length * columns.length + steps;
  const bytes = Buffer.alloc(8 + header.length + runs.length * (8 + 16) + words * 4);
  bytes.writeUInt32LE(magic, 0);
  bytes.writeUInt32LE(header.length, 4);
  let at = 8 + header.copy(bytes, 8);
  for (const { createdAtMs } of runs) at = bytes.writeDoubleLE(createdAtMs, at);
  for (const column of columns) for (const word of column) at = bytes.writeUInt32LE(word, at);
  // There may be very many: each is written at once, and no list of them is made.
  for (const run of runs)
    for (const step of run.steps) at = bytes.writeUInt32LE(packed(step, about.fromMs), at);
  for (const { runId } of runs) at += bytes.write(runId.replaceAll('-', ''), at, 'hex');
  return bytes;
}

const inPhases = ['in-slot', 'answered'] as const;
const calling: WeaveStep['status'] = 'calling-provider';
const statuses: readonly WeaveStep['status'][] = [...runStatuses, ...inPhases.map(() => calling)];
const phases = [...runStatuses.map(() => null), ...inPhases];
const statusPlaces = new Map(runStatuses.map((status, place) => [status, place]));

function packed({ atMs, status, phase }: WeaveStep, fromMs: number): number {
  const ms = Math.min(msMax, Math.max(0, Math.round(atMs - fromMs)));
  const place = phase === undefined ? statusPlaces.get(status) : phases.indexOf(phase);
  return ms * 32 + (place ?? 31);
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
