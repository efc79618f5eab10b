/** What an inspector asks to see, from the query of its address. */
import { z } from 'zod';
import { heddleError } from '../../domain/errors.ts';
import { asRunId, type RunId } from '../../domain/ids.ts';
import { refuseField } from '../../domain/field.ts';
import { name, runId } from '../streams/names.ts';
import { fitting } from '../streams/topics-asked.ts';
import type { Encoder } from './frames/encoder-port.ts';
import { encoderOf, encoderVersions } from './frames/encoder.ts';

/** A run with all runs below it, or the runs of an agent, of a user, or of both. */
export type InspectFilter =
  | { readonly kind: 'run'; readonly runId: RunId }
  | { readonly kind: 'runs'; readonly agent: string | null; readonly user: string | null };

export type InspectAsked = {
  readonly filter: InspectFilter;
  readonly tenant: string | undefined;
  readonly context: boolean;
  readonly encoder: Encoder;
};

const shownCharsMax = 64;

const query = z.strictObject({
  run: runId.optional(),
  agent: name.optional(),
  user: name.optional(),
  tenant: name.optional(),
  context: z.enum(['true', 'false']).optional(),
  protocol: z.string().max(20).optional(),
});

const known = Object.keys(query.shape);

/** Throws what is wrong with it, `inspect-filter-missing` without a filter. */
export function inspectAsked(given: unknown, mayShow: boolean): InspectAsked {
  const strange = Object.keys(given as object).find((key) => !known.includes(key));
  if (strange !== undefined) {
    const named = strange.slice(0, shownCharsMax);
    refuseField(`query.${named}`, `is unknown; known are ${known.join(', ')}`);
  }
  const {
    run,
    agent = null,
    user = null,
    tenant,
    context,
    protocol,
  } = fitting(query, given, 'query');
  const encoder = encoderOf(protocol);
  if (encoder === undefined) {
    refuseField('query.protocol', `is not known; known are ${encoderVersions.join(', ')}`);
  }
  if (context === 'true' && !mayShow) {
    refuseField('query.context', 'is not open here: heddle serve --inspect-context opens it');
  }
  if (run !== undefined && (agent !== null || user !== null)) {
    refuseField('query.run', 'names one run with those below it, and stands alone');
  }
  if (run === undefined && agent === null && user === null) {
    throw heddleError('inspect-filter-missing');
  }
  const filter: InspectFilter =
    run === undefined ? { kind: 'runs', agent, user } : { kind: 'run', runId: asRunId(run) };
  return { filter, tenant, context: context === 'true', encoder };
}

export function filterWords(filter: InspectFilter): Readonly<Record<string, string>> {
  if (filter.kind === 'run') return { run: filter.runId };
  const { agent, user } = filter;
  return { ...(agent === null ? {} : { agent }), ...(user === null ? {} : { user }) };
}
