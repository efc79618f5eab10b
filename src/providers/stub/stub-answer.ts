/** The stub's text, made only from a seed and a call's texts, so that runs can be compared. */

/** FNV-1a over UTF-16 units, going on from `hash`. Source: http://www.isthe.com/chongo/tech/comp/fnv. */
function hashText(hash: number, text: string): number {
  let next = hash;
  for (let i = 0; i < text.length; i++) next = Math.imul(next ^ text.charCodeAt(i), 0x01000193);
  return next;
}

/** Mixes the hash so that every bit depends on all of it. The result is in [0, 2³²). */
export function mix(hash: number): number {
  let next = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  next = Math.imul(next ^ (next >>> 13), 0xc2b2ae35);
  return (next ^ (next >>> 16)) >>> 0;
}

const sentences = [
  'The warp is stretched before the first thread of the weft is laid.',
  'A shaft lifts every second thread and leaves the others where they are.',
  'What passes between them holds the cloth together long after the loom is gone.',
  'Patterns are only the order in which threads were raised.',
  'A broken thread is tied again at the place where it broke, and the work goes on.',
  'Nobody counts the picks of a good cloth, but each of them was made once.',
  'The weaver waits for the shuttle and the shuttle waits for nobody.',
].join(' ');
const prose = `${sentences} ${sentences}`;
/** Where words begin in the first half: from each of them at least 200 characters follow. */
const wordStarts = [...sentences.matchAll(/\b\w/g)].map(({ index }) => index);

const charsMin = 40;
const charsMax = 200;

/** Longer inputs are hashed by their ends, because a model's input may be a megabyte. */
const hashedCharsMax = 512;

function hashEnds(hash: number, text: string): number {
  if (text.length <= hashedCharsMax) return hashText(hash, text);
  const half = hashedCharsMax / 2;
  const ends = hashText(hashText(hash, text.slice(0, half)), text.slice(-half));
  return Math.imul(ends ^ text.length, 0x01000193);
}

type StubText = { readonly text: string; readonly inputChars: number };

/** Only the text: the emulators have a conversation's texts, and answer them as the stub would. */
export function stubText(seed: number, texts: Iterable<string>): StubText {
  let hash = 0x811c9dc5 ^ seed;
  let inputChars = 0;
  let asksForScore = false;
  for (const text of texts) {
    hash = hashEnds(hash, text);
    inputChars += text.length;
    asksForScore ||= text.includes('"score"');
  }
  return { text: asksForScore ? scoreText(mix(hash)) : proseText(mix(hash)), inputChars };
}

/**
 * This is no tokenizer, but a rule that the stub and the emulators share, so that their usage agrees.
 */
export function tokensOf(chars: number): number {
  return Math.ceil(chars / 4);
}

function proseText(hash: number): string {
  const start = wordStarts[hash % wordStarts.length] ?? 0;
  const length = charsMin + ((hash >>> 8) % (charsMax - charsMin + 1));
  return prose
    .slice(start, start + length)
    .trimEnd()
    .padEnd(charsMin, '.');
}

function scoreText(hash: number): string {
  const score = (hash % 101) / 100;
  return `{"score":${score.toFixed(2)},"rationale":"${proseText(hash)}"}`;
}
