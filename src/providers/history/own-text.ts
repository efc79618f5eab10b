/** Ids and names as every provider takes them. */

/** The form that all providers take: OpenAI's is the narrowest. */
export const wellFormed = /^[a-zA-Z0-9_-]{1,64}$/;
const charsMax = 64;

/** The text in a form that fits and is none of those taken; adds it to them. `stem` stands for no text. */
export function ownText(text: string, stem: string, taken: Set<string>): string {
  const given = text.slice(0, charsMax).replaceAll(/[^a-zA-Z0-9_-]/g, '_') || stem;
  let own = given;
  for (let n = 2; taken.has(own); n++) {
    const end = `_${n}`;
    own = given.slice(0, charsMax - end.length) + end;
  }
  taken.add(own);
  return own;
}
