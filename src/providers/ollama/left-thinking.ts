/**
 * Some templates leave a model's thinking in its text, between `<think>` and `</think>` at the beginning. This
 * parts the two while they come. A text that begins so and does not end so is a text.
 */
const opening = '<think>';
const closing = '</think>';

export type Piece = { readonly type: 'text' | 'reasoning'; readonly text: string };

export class LeftThinking {
  #state: 'beginning' | 'thinking' | 'text' = 'beginning';
  /** Characters that may belong to a tag. */
  #held = '';
  /** Nothing but white space has come since the last tag: it belongs to the tag. */
  #isAfterTag = false;

  /** The thinking is still going on: it has no end as yet. */
  get isOpen(): boolean {
    return this.#state === 'thinking';
  }

  take(text: string): readonly Piece[] {
    if (this.#state === 'text') return this.#piece('text', text);
    this.#held += text;
    if (this.#state === 'beginning') {
      const begun = this.#held.trimStart();
      if (begun.length < opening.length && opening.startsWith(begun)) return [];
      if (!begun.startsWith(opening)) return this.#rest('text');
      this.#state = 'thinking';
      this.#held = begun.slice(opening.length);
      this.#isAfterTag = true;
    }
    const at = this.#held.indexOf(closing);
    if (at < 0) return this.#thought(this.#held.length - tailOf(this.#held));
    const thought = this.#thought(at);
    this.#held = this.#held.slice(closing.length);
    this.#isAfterTag = true;
    return [...thought, ...this.#rest('text')];
  }

  /** What was held back: the text has ended. */
  end(): readonly Piece[] {
    return this.#rest(this.#state === 'thinking' ? 'reasoning' : 'text');
  }

  #thought(chars: number): readonly Piece[] {
    const text = this.#held.slice(0, chars);
    this.#held = this.#held.slice(chars);
    return this.#piece('reasoning', text);
  }

  #rest(type: Piece['type']): readonly Piece[] {
    const text = this.#held;
    this.#held = '';
    if (type === 'text') this.#state = 'text';
    return this.#piece(type, text);
  }

  #piece(type: Piece['type'], given: string): readonly Piece[] {
    const text = this.#isAfterTag ? given.trimStart() : given;
    if (text === '') return [];
    this.#isAfterTag = false;
    return [{ type, text }];
  }
}

/** How many of the last characters may be the beginning of the closing tag. */
function tailOf(text: string): number {
  for (let chars = Math.min(closing.length - 1, text.length); chars > 0; chars--) {
    if (text.endsWith(closing.slice(0, chars))) return chars;
  }
  return 0;
}
