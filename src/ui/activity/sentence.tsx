/** What is going on in plain words; its numbers lead to the runs that they count. */
import type { JSX } from 'preact';
import { codeOf, listed, type Look } from '../look/states.ts';
import { useAnswer } from '../shell/ask.ts';
import { pageAt } from '../shell/router.ts';
import type { ActivityLink } from './activity-link.ts';

const whole = new Intl.NumberFormat('en');

type Part = {
  readonly look: Look;
  /** The search for these runs, where it is not the look alone. */
  readonly q?: string;
  readonly does: string;
  readonly always?: boolean;
};

/** What open runs are in, as the sentence tells it: the first always, the others where there are some. */
const parts: readonly Part[] = [
  {
    look: 'slot',
    q: 'state:calling-provider phase:in-slot',
    does: 'are in a slot',
    always: true,
  },
  {
    look: 'calling-provider',
    q: 'state:calling-provider phase:waits-for-slot',
    does: 'wait for one',
    always: true,
  },
  { look: 'waiting-on-channel', does: 'for a message of another run', always: true },
  { look: 'admitted', does: 'for their turn' },
  { look: 'queued', does: 'for their begin' },
  { look: 'waiting-on-person', does: 'for a person' },
  { look: 'waiting-on-child', does: 'for a child' },
  { look: 'waiting-on-timer', does: 'for a time' },
  { look: 'running-task', does: 'run a task' },
  { look: 'backoff', does: 'try again soon' },
  { look: 'stalled', does: 'are stalled' },
  { look: 'paused', does: 'are paused' },
];

function Count({ n, q }: { readonly n: number; readonly q: string }): JSX.Element {
  return (
    <a href={pageAt(['runs'], { q })}>
      <b>{whole.format(n)}</b>
    </a>
  );
}

export function Sentence({ link }: { readonly link: ActivityLink }): JSX.Element {
  const now = link.now.value;
  if (now?.isKnown !== true || link.state.value === 'connecting')
    return <p class="say quiet">Looking …</p>;
  if (now.open === 0 && link.state.value === 'live') return <Nothing />;
  const of = (look: Look): number => now.counts[codeOf(look)] ?? 0;
  const seen = listed.reduce((sum, look) => sum + of(look), 0);
  const said = parts.filter(({ look, always }) => always === true || of(look) > 0);
  return (
    <p class="say">
      <Count n={now.open} q="state:open" /> of {whole.format(seen)} runs are open.{' '}
      {said.map(({ look, q, does }, at) => (
        <>
          {at > 0 && ', '}
          <Count n={of(look)} q={q ?? `state:${look}`} /> {does}
        </>
      ))}
      .{now.every > 1 && ` One of ${now.every} runs is drawn.`}
    </p>
  );
}

/** Whether anything was ever started here is asked when nothing is open. */
function Nothing(): JSX.Element {
  const any = useAnswer((on) => on.runs.list({ limit: 1 }), []);
  if (any.value === null || any.value.items.length > 0 || any.value.cursor !== '')
    return <p class="say">No run is open. What is started shows up here by itself.</p>;
  return (
    <>
      <p class="say">No run yet. Start one, and it is drawn here as a thread.</p>
      <p class="quiet">
        <code>heddle run AGENT --input '{'{}'}'</code>, or{' '}
        <a class="link" href={pageAt(['agents'])}>
          an agent’s page
        </a>
        . <code>heddle circuits --ui</code> shows many at once.
      </p>
    </>
  );
}
