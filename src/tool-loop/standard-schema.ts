/** The part of https://standardschema.dev that is read here; zod, valibot and others fit it. */
export type StandardSchema<Output = unknown> = {
  /** Where the standard puts it. */
  readonly '~standard': {
    /** Of the standard. */
    readonly version: 1;
    /** The library that made the schema. */
    readonly vendor: string;
    /** Checks a value, and may change it. */
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    /** Schemas that can also say what they accept as JSON Schema. */
    readonly jsonSchema?: {
      /** Of what it accepts, in this version of JSON Schema. */
      readonly input: (options: { readonly target: string }) => Readonly<Record<string, unknown>>;
    };
  };
};
/** What a schema says of a value. */
export type SchemaResult<Output> =
  | {
      /** What came of the value. */
      readonly value: Output;
      /** None. */
      readonly issues?: undefined;
    }
  | {
      /** What is wrong with it. */
      readonly issues: readonly SchemaIssue[];
    };
/** One thing that is wrong with a value. */
export type SchemaIssue = {
  /** In words. */
  readonly message: string;
  /** Where in the value. */
  readonly path?: readonly (PropertyKey | PathSegment)[] | undefined;
};
/** One step of a path, as some libraries write it. */
export type PathSegment = {
  /** Of an object, or the place in a list. */
  readonly key: PropertyKey;
};
