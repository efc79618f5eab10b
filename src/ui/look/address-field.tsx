/** A field whose text goes into the address once it is given. It keeps what somebody writes while the page is drawn anew. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';

type Props = {
  readonly class: string;
  /** What the address says. */
  readonly value: string;
  readonly give: (text: string) => void;
};

export function AddressField({ class: looks, value, give }: Props): JSX.Element {
  const [text, setText] = useState<string | null>(null);
  return (
    <input
      class={looks}
      value={text ?? value}
      onInput={({ currentTarget }) => setText(currentTarget.value)}
      onChange={({ currentTarget }) => {
        setText(null);
        give(currentTarget.value);
      }}
    />
  );
}
