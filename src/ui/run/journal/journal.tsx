/** The journal: a slider over all turns, and lanes over time of the window in which the shown turn stands. */
import type { JSX } from 'preact';
import './journal.css';
import type { RunInFull } from '../../../client/index.ts';
import type { TurnStore } from '../turns/turn-store.ts';
import type { OutNow } from './attempt-bars.ts';
import { LaneView } from './lane-view.tsx';

type Props = {
  readonly run: RunInFull;
  readonly store: TurnStore;
  readonly out: readonly OutNow[];
  readonly turn: number;
  readonly last: number;
  readonly goTo: (turn: number) => void;
  readonly step: (by: number) => void;
  readonly isPlaying: boolean;
  readonly play: () => void;
};

export function Journal({
  run,
  store,
  out,
  turn,
  last,
  goTo,
  step,
  isPlaying,
  play,
}: Props): JSX.Element {
  const page = store.page(turn);
  return (
    <section class="journal" aria-label="Journal">
      <div class="journal-head">
        <h2>
          Journal <small>{headWords(page, last)}</small>
        </h2>
        <div class="buttons">
          <button
            class="button small"
            type="button"
            aria-label="Turn before"
            disabled={turn <= 1}
            onClick={() => step(-1)}
          >
            ‹ <kbd>,</kbd>
          </button>
          <span class="journal-place">
            {turn} / {last}
          </span>
          <button
            class="button small"
            type="button"
            aria-label="Next turn"
            disabled={turn >= last}
            onClick={() => step(1)}
          >
            <kbd>.</kbd> ›
          </button>
          <button class="button small" type="button" onClick={play}>
            {isPlaying ? 'Halt' : 'Play'} <kbd>space</kbd>
          </button>
        </div>
      </div>
      <input
        class="journal-slider"
        type="range"
        min={1}
        max={Math.max(1, last)}
        value={turn}
        aria-label="Turn"
        onInput={({ currentTarget }) => goTo(Number(currentTarget.value))}
      />
      {page !== null && page.turns.length > 0 && (
        <LaneView run={run} page={page} out={out} turn={turn} goTo={goTo} />
      )}
    </section>
  );
}

/** Such as `17 turns, 7 attempts at models, 1 × 429`. */
function headWords(page: ReturnType<TurnStore['page']>, last: number): string {
  const words = [`${last} ${last === 1 ? 'turn' : 'turns'}`];
  const { turns = [], attempts = [] } = page ?? {};
  if (turns.length > 0 && last > turns.length) {
    words.push(`${turns[0]?.turn} to ${turns.at(-1)?.turn} are shown`);
  }
  const many = (of: typeof attempts): number => of.reduce((sum, { count }) => sum + count, 0);
  if (attempts.length > 0) words.push(`${many(attempts)} attempts at models`);
  const limited = many(attempts.filter(({ how }) => how === 'rate-limited'));
  if (limited > 0) words.push(`${limited} × 429`);
  return words.join(', ');
}
