/** JSON Schemas as libraries make them whose schemas are JSON Schemas: TypeBox keeps notes under symbols in each part. */

/** The schema with a note in each part that can hold one. */
export function noted(schema: object): object {
  const parts = Object.entries(schema).map(([key, part]) => {
    const isPart = typeof part === 'object' && part !== null && !Array.isArray(part);
    return [key, isPart ? noted(part as object) : part] as const;
  });
  return { ...Object.fromEntries(parts), [Symbol('Kind')]: 'Object' };
}

/** A schema that describes the values that it takes, and checks none, as those of effect may be: a class. */
export function describing(schema: object): object {
  const jsonSchema = { input: () => schema };
  return Object.assign(class {}, { '~standard': { version: 1, vendor: 'test', jsonSchema } });
}
