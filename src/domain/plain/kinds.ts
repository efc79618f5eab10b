/** What counts as plain: by what a thing is, never by whose realm made it, for test runners have several. */

/** Made by no class: a realm's `Object.prototype` stands right behind it, or nothing. */
export function isPlainObject(value: object, ownKeys: number): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  const isMadeByNone =
    prototype === Object.prototype || prototype === null || isRealmsObjectPrototype(prototype);
  if (!isMadeByNone) return false;
  // `Math`, `Intl` and such have no key of their own, and would be `{}`.
  return ownKeys > 0 || Object.prototype.toString.call(value) === '[object Object]';
}

function isRealmsObjectPrototype(prototype: unknown): boolean {
  return (
    Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype as object, 'isPrototypeOf')
  );
}

/** Symbols that are enumerable are data that JSON loses. */
export function hasSymbolKeys(value: object): boolean {
  const symbols = Object.getOwnPropertySymbols(value);
  if (symbols.length === 0) return false;
  return symbols.some((key) => Object.prototype.propertyIsEnumerable.call(value, key));
}

/** An array of no class of an author's: a realm's `Array.prototype`, itself an array, stands behind it. */
export function isPlainList(value: readonly unknown[]): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Array.prototype || Array.isArray(prototype);
}

type ToJson = (this: unknown, key: string) => unknown;

export function toJsonOf(value: unknown): ToJson | undefined {
  const { toJSON } = value as { readonly toJSON?: unknown };
  return typeof toJSON === 'function' ? (toJSON as ToJson) : undefined;
}

/** A date that is none says so by null. */
export function isInvalidDate(value: unknown): boolean {
  return Object.prototype.toString.call(value) === '[object Date]';
}
