/** What comes back of a type when its values went through JSON: the type-level side of `copy.ts`. */
import type { Json } from './json-type.ts';

/**
 * The type that JSON makes of `T`: a date is a text, what has `toJSON` is what that gives, a property
 * that may be `undefined` may be absent. What heddle refuses to store (functions, maps, big integers,
 * promises) is `never`. A type that is plain JSON already stays as it is.
 */
export type JsonOf<T> = T extends Json
  ? T
  : T extends undefined
    ? null
    : T extends {
          /** As `JSON.stringify` asks for it. */
          toJSON(...given: never[]): infer Told;
        }
      ? JsonOf<Told>
      : T extends Unkept
        ? never
        : T extends readonly unknown[]
          ? { [Place in keyof T]: PartOf<T[Place]> }
          : { [Key in keyof FieldsOf<T>]: FieldsOf<T>[Key] };

/** None of these has a JSON that says what it is. */
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

/** Of `any` and `unknown` nothing is known but that it is JSON. */
type PartOf<T> = unknown extends T ? Json : JsonOf<Exclude<T, undefined>>;
