/** The type of a value after it went through JSON: the type-level side of `copy.ts`. */
import type { Json } from './json-type.ts';

/**
 * The type that JSON makes of `T`: a date becomes a text, a type with `toJSON` becomes the result of that, a
 * property that may be `undefined` may be absent. Types that heddle refuses to store (functions, maps, big
 * integers, promises) become `never`. A type that is plain JSON already stays as it is.
 */
export type JsonOf<T> = T extends Json
  ? T
  : T extends undefined
    ? null
    : T extends {
          /** The method that `JSON.stringify` calls. */
          toJSON(...given: never[]): infer Told;
        }
      ? JsonOf<Told>
      : T extends Unkept
        ? never
        : T extends readonly unknown[]
          ? { [Place in keyof T]: PartOf<T[Place]> }
          : { [Key in keyof FieldsOf<T>]: FieldsOf<T>[Key] };

/** Types whose values JSON loses or refuses. */
type Unkept =
  | bigint
  | symbol
  | ((...given: never[]) => unknown)
  | ReadonlyMap<unknown, unknown>
  | ReadonlySet<unknown>
  | PromiseLike<unknown>;

type FieldsOf<T> = {
  [
    Key in keyof T as Key extends string | number ? (undefined extends T[Key] ? never : Key) : never
  ]: PartOf<T[Key]>;
} & {
  [
    Key in keyof T as Key extends string | number ? (undefined extends T[Key] ? Key : never) : never
  ]?: PartOf<T[Key]>;
};

/** `any` and `unknown` become `Json`: nothing more is known of them. */
type PartOf<T> = unknown extends T ? Json : JsonOf<Exclude<T, undefined>>;
