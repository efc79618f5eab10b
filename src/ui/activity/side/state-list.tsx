/** Runs by state. A click isolates one: the rest fades. */
import type { JSX } from 'preact';
import { Glyph, Swatch } from '../../look/glyph.tsx';
import { codeOf, listed, words, type Look } from '../../look/states.ts';
import { instant } from '../../look/time.ts';
import type { ActivityLink } from '../activity-link.ts';

const whole = new Intl.NumberFormat('en');

export function StateList({
  link,
  isolated,
  choose,
}: {
  readonly link: ActivityLink;
  readonly isolated: Look | null;
  readonly choose: (look: Look) => void;
}): JSX.Element {
  const { counts = [] } = link.shown.value ?? {};
  const at = link.instant.value;
  return (
    <section class="section" aria-label="Runs by state">
      <h2>
        States <small>{at === null || at.counts === null ? 'now' : instant(at.atMs)}</small>
      </h2>
      {listed.map((look) => {
        const n = counts[codeOf(look)] ?? 0;
        return (
          <button
            key={look}
            type="button"
            class={`legend-row ${n === 0 ? 'zero' : ''}`}
            aria-pressed={isolated === look}
            onClick={() => choose(look)}
          >
            <Swatch look={look} />
            <Glyph look={look} />
            <span>{words[look]}</span>
            <span class="right">{whole.format(n)}</span>
          </button>
        );
      })}
    </section>
  );
}
