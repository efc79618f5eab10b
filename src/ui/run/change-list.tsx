/** What changed between two values, path by path: what was there, and what is there now. */
import type { JSX } from 'preact';
import { parted, type Change, type Changes } from './context-diff.ts';

const counted = new Intl.NumberFormat('en');

/** `whole`: what a change of the value itself is called, which has no path. */
export function ChangeList({
  of: { changes, left },
  whole,
}: {
  readonly of: Changes;
  readonly whole: string;
}): JSX.Element {
  return (
    <>
      {changes.length > 0 && (
        <div class="diff">
          {changes.map((change) => (
            <ChangeLine key={change.path} change={change} whole={whole} />
          ))}
        </div>
      )}
      {left > 0 && (
        <p class="small quiet">
          and {counted.format(left)} more {left === 1 ? 'change' : 'changes'}; the value below is
          whole.
        </p>
      )}
    </>
  );
}

function ChangeLine({
  change: { path, kind, before, after },
  whole,
}: {
  readonly change: Change;
  readonly whole: string;
}): JSX.Element {
  const name = path === '' ? whole : path;
  const [was, is] = parted(before, after);
  return (
    <>
      {kind !== 'added' && (
        <div class="removed">
          <span>−</span>
          <span>
            {name}: {was}
          </span>
        </div>
      )}
      {kind !== 'removed' && (
        <div class="added">
          <span>+</span>
          <span>
            {name}: {is}
          </span>
        </div>
      )}
    </>
  );
}
