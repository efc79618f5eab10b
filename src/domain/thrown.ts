/**
 * The words of what somebody else's code threw. JavaScript lets anything be thrown: an object without a
 * prototype, a symbol, an error whose `message` is a getter that throws, a proxy that was revoked. So
 * nothing here throws, whatever it is given, and nothing here keeps what it was given.
 */

/** Error texts are stored and shown: this much of them. */
const textCharsMax = 4_000;

/** Bounded, and without what Postgres refuses. */
export function cleanText(text: string): string {
  return text.slice(0, textCharsMax).replaceAll('\u0000', '').toWellFormed();
}

/** A property of anything; undefined where there is none, or where reading it throws. */
export function propertyOf(thing: unknown, key: PropertyKey): unknown {
  if ((typeof thing !== 'object' && typeof thing !== 'function') || thing === null)
    return undefined;
  try {
    return Reflect.get(thing, key) as unknown;
  } catch {
    return undefined;
  }
}

/** The own enumerable keys of anything; none where there are none, or where asking throws. */
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

/** What was thrown, in words: its `message` if it has one, else what it is as text. */
export function thrownText(thrown: unknown): string {
  const message = propertyOf(thrown, 'message');
  return cleanText(
    (message === undefined ? undefined : inWords(message)) ?? inWords(thrown) ?? wordless,
  );
}

const wordless = 'it threw something that has no text';

/** Undefined where it has no words. An array's text is that of all its items, which may be many. */
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
 * Hears the rejection of what somebody else's code has returned, be it a promise or anything with a
 * `then`: one that nobody hears ends the process. Whatever is no promise is left alone.
 */
export function whenRejected(returned: unknown, heard: (reason: unknown) => void): void {
  if (typeof returned !== 'object' || returned === null) return;
  try {
    // `resolve` takes anything: a `then` that throws, or calls back twice, is a rejection or nothing.
    if (typeof propertyOf(returned, 'then') === 'function')
      void Promise.prototype.then.call(Promise.resolve(returned), undefined, heard);
  } catch (error) {
    heard(error);
  }
}
