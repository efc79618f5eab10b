/** Tells plain values apart by their kind and never by their realm, because test runners have several realms. */

/** An object that no class made: its prototype is the `Object.prototype` of a realm, or null. */
export function isPlainObject(value: object, ownKeys: number): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  const isMadeByNone =
    prototype === Object.prototype || prototype === null || isRealmsObjectPrototype(prototype);
  if (!isMadeByNone) return false;
  // `Math`, `Intl` and the like have no keys of their own, and would become `{}`.
  return ownKeys > 0 || Object.prototype.toString.call(value) === '[object Object]';
}

function isRealmsObjectPrototype(prototype: unknown): boolean {
  return (
    Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype as object, 'isPrototypeOf')
  );
}

/** Enumerable symbol keys hold data that JSON loses. */
export function hasSymbolKeys(value: object): boolean {
  const symbols = Object.getOwnPropertySymbols(value);
  if (symbols.length === 0) return false;
  return symbols.some((key) => Object.prototype.propertyIsEnumerable.call(value, key));
}

/** An array that no author's class made: its prototype is a realm's `Array.prototype`, itself an array. */
export function isPlainList(value: readonly unknown[]): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Array.prototype || Array.isArray(prototype);
}

type ToJson = (this: unknown, key: string) => unknown;

export function toJsonOf(value: unknown): ToJson | undefined {
  const { toJSON } = value as { readonly toJSON?: unknown };
  return typeof toJSON === 'function' ? (toJSON as ToJson) : undefined;
}

/** For a value whose `toJSON` gave null: true when it is a date, since only an invalid date gives null. */
export function isInvalidDate(value: unknown): boolean {
  return Object.prototype.toString.call(value) === '[object Date]';
}
