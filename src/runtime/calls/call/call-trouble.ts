/** Why a run's calls wait, in words for people, as its row has it: which call, which provider, what ends it. */
import type { CallWait, WaitChange } from '../../../providers/capacity/pool.ts';
import type { RunCall } from './run-call.ts';

type Trouble = Exclude<WaitChange<RunCall>['shown'], 'calling'>;

export function callTrouble(
  { invocationId }: Pick<RunCall, 'invocationId'>,
  of: {
    readonly shown: Trouble;
    readonly wait: CallWait | null;
    readonly nowMs: number;
    /** Calls of the run that wait for the same. */
    readonly others: number;
  },
): string {
  const { shown, wait, nowMs, others } = of;
  const more = others === 0 ? '' : ` (and ${others} more)`;
  const who = `call ${invocationId}${more}`;
  if (shown === 'backoff') {
    const pauseMs = Math.max((wait?.dueMs ?? nowMs) - nowMs, 0);
    const attempt = wait === null ? '' : `: attempt ${wait.attempt}, ${pauseMs / 1_000} s later`;
    const last = wait?.gates.find(({ name }) => name === wait.lastAt)?.fault;
    return `${who}: provider ${wait?.lastAt ?? 'it was at'} failed${said(last)}; the call is tried again after a pause${attempt}`;
  }
  const names = (wait?.gates ?? []).map(({ name }) => name);
  const providers = names.length === 0 ? 'its provider' : `provider ${names.join(', ')}`;
  const faults = said((wait?.gates ?? []).find(({ fault }) => fault !== null)?.fault);
  if (shown === 'stalled' && wait?.gates.length === 0) {
    return (
      `${who}: this replica has no providers: give createHeddle \`providers\`; ` +
      'the call goes on with the next replica that has some'
    );
  }
  if (shown === 'stalled') {
    return (
      `${who}: ${providers} does not answer${faults}, and is asked again with one call after growing pauses; ` +
      'the others follow when it answers'
    );
  }
  return `${who}: ${providers} refused key or spend${faults}: mend it and reopen the provider (reopenProvider)`;
}

const faultCharsMax = 300;

/** The provider's own words. */
function said(fault: string | null | undefined): string {
  if (fault === null || fault === undefined) return '';
  return ` (${fault.length > faultCharsMax ? `${fault.slice(0, faultCharsMax)}…` : fault})`;
}
