/**
 * The text of a value that code outside heddle has thrown. JavaScript lets any value be thrown: an object
 * without a prototype, a symbol, an error whose `message` is a getter that throws, a proxy that was revoked.
 * So no function here throws, whatever its argument is, and none keeps its argument.
 */

/** Error texts are stored and shown: at most this many characters of them. */
const textCharsMax = 4_000;

/** Bounds a text, and takes out the characters that Postgres refuses. */
export function cleanText(text: string): string {
  return text.slice(0, textCharsMax).replaceAll('\u0000', '').toWellFormed();
}

/** A property of any value; undefined where there is none, or where reading it throws. */
export function propertyOf(thing: unknown, key: PropertyKey): unknown {
  if ((typeof thing !== 'object' && typeof thing !== 'function') || thing === null)
    return undefined;
  try {
    return Reflect.get(thing, key) as unknown;
  } catch {
    return undefined;
  }
}

/** The own enumerable keys of any value; an empty list where it has none, or where asking throws. */
export function keysOf(thing: unknown): readonly string[] {
  if (typeof thing !== 'object' || thing === null) return [];
  try {
    return Object.keys(thing);
  } catch {
    return [];
  }
}

/** `instanceof`, which a proxy can make throw. */
export function isA<Made>(
  thing: unknown,
  of: abstract new (...args: never[]) => Made,
): thing is Made {
  try {
    return thing instanceof of;
  } catch {
    return false;
  }
}

/** The text of a thrown value: its `message` if it has one, else the value itself as text. */
export function thrownText(thrown: unknown): string {
  const message = propertyOf(thrown, 'message');
  return cleanText(
    (message === undefined ? undefined : inWords(message)) ?? inWords(thrown) ?? wordless,
  );
}

const wordless = 'it threw something that has no text';

/** Undefined where a value has no text. An array gives only its length: it may have many items. */
function inWords(value: unknown): string | undefined {
  try {
    return typeof value === 'object' && value !== null && Array.isArray(value)
      ? `a list of ${value.length}`
      : String(value);
  } catch {
    return undefined;
  }
}

/**
 * Handles the rejection of a value that code outside heddle has returned, if it is a promise or has a `then`:
 * an unhandled rejection ends the process. Other values are left alone.
 */
export function whenRejected(returned: unknown, heard: (reason: unknown) => void): void {
  if (typeof returned !== 'object' || returned === null) return;
  try {
    // `resolve` takes any value: a `then` that throws becomes a rejection, a second call back is ignored.
    if (typeof propertyOf(returned, 'then') === 'function')
      void Promise.prototype.then.call(Promise.resolve(returned), undefined, heard);
  } catch (error) {
    heard(error);
  }
}
