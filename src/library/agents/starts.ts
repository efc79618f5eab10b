/** Starts from a host: their agents found, their inputs checked, all of them accepted or none. */
import type { TenantScope } from '../../domain/scope.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import type { RunAddress } from '../../store/rows.ts';
import type { RequestAsked } from '../../store/requests/request-rows.ts';
import { before, requested } from '../outside/requested.ts';
import { newRun, type StartRequest } from '../requests.ts';
import { asError } from '../run-end.ts';
import { fittingStarts } from './fits.ts';

/** A start before it is checked. */
export type Start = { readonly agent?: unknown } & StartRequest;

/** The runs, in the order of the starts: a start under a key that was used before gives the run of that time. */
export async function startRuns(
  runtime: Runtime,
  starts: readonly Start[],
  { scope, request }: { readonly scope: TenantScope; readonly request: RequestAsked | null },
  isList = false,
): Promise<readonly RunAddress[]> {
  if (starts.length === 0) return [];
  const { admission, ids, known } = runtime;
  // The inputs are copied now, because their caller may change them later.
  const asked = starts.map(({ agent: given, ...options }, place) => {
    const field = isList ? `starts[${place}]` : 'start';
    const agent = known.meant(given, `${field}.agent`);
    const run = newRun(agent, ids.run(), { given: options, field }, scope);
    return { agent, run, ...(isList ? { place } : {}) };
  });
  const runs = await fittingStarts(known, asked);
  await admission.starts(runs);
  const own = runs.map(({ tenant, runId, shard }) => ({ tenant, runId, shard }));
  const [first, ...rest] = runs;
  if (first === undefined) return [];
  const fates = await runtime.startRuns([{ ...first, ...requested(request, own) }, ...rest]);
  const [fate = null] = fates;
  // All of them were started by the same request before.
  if (fate?.kind === 'repeated') return before(fate);
  return fates.map((fate, i) => {
    if (fate?.kind === 'refused') throw asError(fate.error);
    const address = fate?.kind === 'existing' ? fate.run : runs[i];
    if (address === undefined) throw new TypeError('a start was not answered');
    return address;
  });
}
