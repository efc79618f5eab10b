/** What is going on in plain words; its numbers lead to the runs that they count. */
import type { JSX } from 'preact';
import { codeOf } from '../look/states.ts';
import { pageAt } from '../shell/router.ts';
import type { ActivityLink } from './activity-link.ts';

const whole = new Intl.NumberFormat('en');

function Count({ n, q }: { readonly n: number; readonly q: string }): JSX.Element {
  return (
    <a href={pageAt(['runs'], { q })}>
      <b>{whole.format(n)}</b>
    </a>
  );
}

export function Sentence({ link }: { readonly link: ActivityLink }): JSX.Element {
  const now = link.now.value;
  if (link.state.value === 'away')
    return (
      <p class="say">
        heddle does not answer. The page asks again by itself, and shows what was known last.
      </p>
    );
  if (now?.isKnown !== true || link.state.value === 'connecting')
    return <p class="say quiet">Looking …</p>;
  const of = (look: Parameters<typeof codeOf>[0]): number => now.counts[codeOf(look)] ?? 0;
  if (now.open === 0)
    return <p class="say">No run is open. What is started shows up here by itself.</p>;
  const seen = now.open + of('completed') + of('failed') + of('cancelled');
  return (
    <p class="say">
      <Count n={now.open} q="state:open" /> of {whole.format(seen)} runs are open.{' '}
      <Count n={of('slot')} q="state:calling-provider" /> are in a slot,{' '}
      <Count n={of('calling-provider')} q="state:calling-provider" /> wait for one,{' '}
      <Count n={of('waiting-on-channel')} q="state:waiting-on-channel" /> for a message of another
      run.
      {now.every > 1 && ` One of ${now.every} runs is drawn.`}
    </p>
  );
}
