/** Puts a text into the clipboard. Why not, in words, where it is not there: else null. */
export async function toClipboard(text: string): Promise<string | null> {
  try {
    await navigator.clipboard.writeText(text);
    return null;
  } catch {
    // A page that came over plain HTTP from another machine has no clipboard.
    return 'this browser keeps its clipboard from the page';
  }
}
