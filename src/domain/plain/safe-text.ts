/** True without NUL, which Postgres text cannot hold, and lone surrogates, which UTF-8 loses. */
export function isSafeText(text: string): boolean {
  return text.isWellFormed() && !text.includes('\u0000');
}
