/** What models are writing now. It is not durable: the turn that takes the answer has it in whole. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { StreamEvent } from '../../client/index.ts';

const shownChars = 4_000;

export type Texts = ReadonlyMap<string, string>;

export function useLiveText(): {
  readonly texts: Texts;
  readonly heard: (event: StreamEvent) => void;
} {
  const [texts, setTexts] = useState<Texts>(new Map());
  const heard = ({ event, data }: StreamEvent): void => {
    if (event === 'turn' || event === 'ended') setTexts(new Map());
    if (event !== 'delta') return;
    const { invocationId, text, isFirst } = data;
    if (typeof invocationId !== 'string' || typeof text !== 'string') return;
    setTexts((before) => {
      const known = isFirst === true ? '' : (before.get(invocationId) ?? '');
      return new Map(before).set(invocationId, (known + text).slice(-shownChars));
    });
  };
  return { texts, heard };
}

export function LiveText({ texts }: { readonly texts: Texts }): JSX.Element | null {
  if (texts.size === 0) return null;
  return (
    <section class="section" aria-live="off">
      {[...texts].map(([id, text]) => (
        <div key={id}>
          <h2>
            {id} <small>being written; not durable</small>
          </h2>
          <blockquote class="quote live">{text}</blockquote>
        </div>
      ))}
    </section>
  );
}
