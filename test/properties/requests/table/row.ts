/** A request that must pass its vendor's rules, or one that must fail by the rule named. */
export type Passing = { readonly what: string; readonly body: object };
export type Failing = Passing & { readonly by: RegExp };

/** The bytes of a GIF of one pixel. */
export const pixel = 'R0lGODlhAQABAAAAACwAAAAAAQABAAA=';
