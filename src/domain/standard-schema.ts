/** The part of https://standardschema.dev that is read here; schemas of zod, valibot, arktype and others have it. */
export type StandardSchema<Output = unknown> = {
  /** The property in which the standard keeps its parts. */
  readonly '~standard': {
    /** The version of the standard. */
    readonly version: 1;
    /** The library that made the schema. */
    readonly vendor: string;
    /** Checks a value, and may change it. */
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    /** Set by schemas that can describe the values that they accept as JSON Schema. */
    readonly jsonSchema?: {
      /** JSON Schema of what it accepts, in the version `target`. */
      readonly input: (options: { readonly target: string }) => Readonly<Record<string, unknown>>;
    };
  };
};
/** A schema's result for a value. */
export type SchemaResult<Output> =
  | {
      /** The value, perhaps changed by the schema. */
      readonly value: Output;
      /** No issues: the value fits. */
      readonly issues?: undefined;
    }
  | {
      /** Everything that is wrong with the value. */
      readonly issues: readonly SchemaIssue[];
    };
/** One thing that is wrong with a value. */
export type SchemaIssue = {
  /** What is wrong, in words. */
  readonly message: string;
  /** Where in the value it is. */
  readonly path?: readonly (PropertyKey | PathSegment)[] | undefined;
};
/** One step of a path, as some libraries write it. */
export type PathSegment = {
  /** The key in an object, or the place in a list. */
  readonly key: PropertyKey;
};
