/** The way to Stately's inspector, with this run and those below it, where the server offers one. */
import type { JSX } from 'preact';
import type { RunInFull } from '../../client/index.ts';
import { useAnswer } from '../shell/ask.ts';
import { apiAt } from '../shell/base.ts';

/** In this tab, which has the token. */
export function InspectorLink({ run }: { readonly run: RunInFull }): JSX.Element | null {
  const { value } = useAnswer((on) => on.operator.access(), []);
  if (value?.inspector !== true) return null;
  const asked = new URLSearchParams({ run: run.id, tenant: run.tenant });
  return (
    <a class="link" href={`${apiAt}/inspect?${asked}`}>
      Open in the Stately inspector
    </a>
  );
}
