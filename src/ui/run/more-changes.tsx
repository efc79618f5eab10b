/** That a list of changes is not whole. */
import type { JSX } from 'preact';

const whole = new Intl.NumberFormat('en');

export function MoreChanges({ left }: { readonly left: number }): JSX.Element | null {
  if (left === 0) return null;
  return (
    <p class="small quiet">
      and {whole.format(left)} more {left === 1 ? 'change' : 'changes'}; the value below is whole.
    </p>
  );
}
