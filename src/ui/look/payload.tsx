/**
 * A value of a run, a model or a user. It is shown as text and never as markup; a large one by its beginning and its
 * size, the whole on request.
 */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';

const previewChars = 4_000;
/** Beyond this a browser would freeze: the whole is given as a file. */
const shownCharsMax = 500_000;

export function bytesWords(bytes: number): string {
  if (bytes < 1_000) return `${bytes} B`;
  if (bytes < 1_000_000) return `${(bytes / 1_000).toFixed(1)} KB`;
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}

export function Payload({
  value,
  label,
}: {
  readonly value: unknown;
  readonly label: string;
}): JSX.Element {
  const [isWhole, setWhole] = useState(false);
  const text = typeof value === 'string' ? value : (JSON.stringify(value, null, 2) ?? 'undefined');
  const size = bytesWords(new TextEncoder().encode(text).length);
  const isLarge = text.length > previewChars;
  const shown = isWhole ? text.slice(0, shownCharsMax) : text.slice(0, previewChars);
  return (
    <figure class="payload" aria-label={label}>
      <pre tabIndex={0}>
        {shown}
        {shown.length < text.length && ' …'}
      </pre>
      {isLarge && (
        <figcaption class="small quiet">
          {size}.{' '}
          {!isWhole && (
            <button class="button small" type="button" onClick={() => setWhole(true)}>
              Show all
            </button>
          )}{' '}
          <button class="button small" type="button" onClick={() => save(text, label)}>
            Save as a file
          </button>
        </figcaption>
      )}
    </figure>
  );
}

function save(text: string, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([text], { type: 'text/plain' }));
  link.download = `${name.replaceAll(/[^a-z0-9-]+/gi, '-')}.txt`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1_000);
}
