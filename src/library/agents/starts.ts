/** Starts from a host: their agents found, their inputs checked, all of them accepted or none. */
import type { TenantScope } from '../../domain/scope.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import type { RunAddress } from '../../store/rows.ts';
import { newRun, type StartRequest } from '../requests.ts';
import { asError } from '../run-end.ts';
import { fittingStarts } from './fits.ts';

/** A start before it is checked. */
export type Start = { readonly agent?: unknown } & StartRequest;

/** The runs, in the order of the starts: a start under a key that was used before gives the run of that time. */
export async function startRuns(
  runtime: Runtime,
  starts: readonly Start[],
  scope: TenantScope,
): Promise<readonly RunAddress[]> {
  if (starts.length === 0) return [];
  const { admission, ids, known } = runtime;
  // The inputs are copied now, because their caller may change them later.
  const asked = starts.map(({ agent: given, ...request }) => {
    const agent = known.meant(given, 'start.agent');
    return { agent, run: newRun(agent, ids.run(), request, scope) };
  });
  const runs = await fittingStarts(known, asked);
  await admission.starts(runs);
  const fates = await runtime.startRuns(runs);
  return fates.map((fate, i) => {
    if (fate?.kind === 'refused') throw asError(fate.error);
    const address = fate === null ? runs[i] : fate.run;
    if (address === undefined) throw new TypeError('a start was not answered');
    return address;
  });
}
