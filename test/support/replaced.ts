/** Puts another method in the place of one, and gives back what puts it back. */
export function replaced<Part extends object, Name extends keyof Part>(
  prototype: Part,
  name: Name,
  by: (original: Part[Name]) => Part[Name],
): () => void {
  const original = prototype[name];
  prototype[name] = by(original);
  return () => {
    prototype[name] = original;
  };
}

/** The same for what is only read, and is worked out each time. */
export function replacedGetter<Part extends object, Name extends keyof Part & string>(
  prototype: Part,
  name: Name,
  by: (original: (this: Part) => Part[Name]) => (this: Part) => Part[Name],
): () => void {
  const original = Object.getOwnPropertyDescriptor(prototype, name);
  if (original?.get === undefined) throw new TypeError(`${name} is no getter`);
  Object.defineProperty(prototype, name, { ...original, get: by(original.get) });
  return () => {
    Object.defineProperty(prototype, name, original);
  };
}
