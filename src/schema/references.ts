/**
 * The ids, anchors and references of one schema. A schema may refer to what stands in itself and to the schemas of
 * the dialects, and to nothing else: nothing is ever fetched.
 *
 * Each reference is found to be a JSON pointer from the schema's root, which every reader of JSON Schema
 * understands; ids and anchors are then needed no more. A dynamic reference is such a pointer too, where only one
 * schema can be meant by it, and is refused elsewhere: validators disagree about those.
 */
import { isDialectUri, type Dialect } from './dialect.ts';
import { isMembers } from './keywords.ts';

type Members = Readonly<Record<string, unknown>>;

/** Where a schema is: `path` in words, `pointer` as a JSON pointer, `base` the URI that references are relative to. */
export type Place = { readonly path: string; readonly pointer: string; readonly base: string };

/** `pointer` is null for a dialect's own schema, which stands outside. */
type Target = { readonly to: unknown; readonly pointer: string | null; readonly base: string };
type Reference = Target & { readonly from: Members; readonly path: string };
type Waiting = {
  readonly from: Members;
  readonly keyword: ReferenceKeyword;
  readonly uri: URL;
  readonly path: string;
};

type ReferenceKeyword = (typeof referenceKeywords)[number];
export const referenceKeywords = ['$ref', '$dynamicRef', '$recursiveRef'] as const;

const anchorForm = /^[a-z_][-a-z0-9._]*$/i;

export class References {
  /** The base of a schema without an id. */
  readonly rootBase = 'schema:/';
  readonly #dialect: Dialect;
  readonly #refuse: (path: string, reason: string) => never;
  /** By URI without a fragment, and anchors by URI with one. */
  readonly #named = new Map<string, Members>();
  /** Of each schema that has been looked at. */
  readonly #places = new Map<object, Place>();
  /** How many schemas have this `$dynamicAnchor`. */
  readonly #dynamic = new Map<string, number>();
  #ids = 0;
  #isRecursive = false;
  readonly #waiting: Waiting[] = [];
  /** What each reference becomes. */
  readonly #found = new Map<Members, Map<string, string>>();
  /** The schemas that are applied to the same value as the schema that is the key. */
  readonly #applied = new Map<Members, { readonly to: Members; readonly path: string }[]>();

  constructor(dialect: Dialect, refuse: (path: string, reason: string) => never) {
    this.#dialect = dialect;
    this.#refuse = refuse;
  }

  /** Keeps the schema's id and anchors. Returns the base of what stands in it. */
  identify(schema: Members, { path, pointer, base }: Place): string {
    if (pointer === '') this.#named.set(this.rootBase, schema);
    const own = this.#ownBase(schema, { path, pointer, base });
    this.#places.set(schema, { path, pointer, base: own });
    if (this.#dialect === 'draft-07') return own;
    this.#isRecursive ||= schema['$recursiveAnchor'] === true;
    for (const keyword of ['$anchor', '$dynamicAnchor']) {
      const anchor = schema[keyword];
      if (typeof anchor !== 'string') continue;
      this.#anchor(anchor, schema, { base: own, path: `${path}.${keyword}` });
      if (keyword === '$dynamicAnchor') {
        this.#dynamic.set(anchor, (this.#dynamic.get(anchor) ?? 0) + 1);
      }
    }
    return own;
  }

  /** True for a schema that has been looked at: other parts of the same form are values. */
  knows(part: object): boolean {
    return this.#places.has(part);
  }

  #ownBase(schema: Members, { path, base }: Place): string {
    const { $id } = schema;
    if (typeof $id !== 'string') return base;
    const at = `${path}.$id`;
    if ($id.startsWith('#') && $id.length > 1 && this.#dialect === 'draft-07') {
      this.#anchor($id.slice(1), schema, { base, path: at });
      return base;
    }
    const uri = parsed($id, base) ?? this.#refuse(at, 'must be a URI');
    if (uri.hash !== '') this.#refuse(at, 'must be a URI without a fragment');
    if (isDialectUri(uri.href)) this.#refuse(at, 'is the id of a dialect of JSON Schema');
    this.#ids += 1;
    this.#name(bare(uri), schema, at);
    return bare(uri);
  }

  #anchor(
    anchor: string,
    schema: Members,
    { base, path }: { readonly base: string; readonly path: string },
  ): void {
    if (!anchorForm.test(anchor)) this.#refuse(path, `must fit ${anchorForm.source}`);
    this.#name(`${base}#${anchor}`, schema, path);
  }

  #name(uri: string, schema: Members, path: string): void {
    const known = this.#named.get(uri);
    if (known !== undefined && known !== schema) this.#refuse(path, 'is given to two schemas');
    this.#named.set(uri, schema);
  }

  /** Keeps the references of a schema; `take` gives them when all ids are known. */
  refer(from: Members, { path, base }: Place): void {
    for (const keyword of referenceKeywords) {
      const to = from[keyword];
      const isDynamic = keyword !== '$ref';
      if (typeof to !== 'string' || (isDynamic && this.#dialect === 'draft-07')) continue;
      const at = `${path}.${keyword}`;
      if (isDynamic && !to.startsWith('#')) this.#refuse(at, 'must begin with #');
      const uri = parsed(to, base) ?? this.#refuse(at, 'must be a URI');
      this.#waiting.push({ from, keyword, uri, path: at });
    }
  }

  /** The next reference and what it leads to. Null when there is none left. */
  take(): Reference | null {
    const next = this.#waiting.shift();
    if (next === undefined) return null;
    const { from, keyword, uri, path } = next;
    if (this.#isAmbiguous(keyword, uri)) {
      this.#refuse(path, 'is not taken where it can lead to several schemas: write $ref');
    }
    const target = this.#target(uri, path);
    const known = this.#found.get(from) ?? new Map<string, string>();
    this.#found.set(from, known);
    known.set(keyword, target.pointer === null ? uri.href : `#${target.pointer}`);
    return { from, path, ...target };
  }

  /** What the reference becomes; undefined when it is none. */
  pointerOf(from: object, keyword: string): string | undefined {
    return this.#found.get(from as Members)?.get(keyword);
  }

  #isAmbiguous(keyword: ReferenceKeyword, { hash }: URL): boolean {
    if (keyword === '$ref') return false;
    if (keyword === '$recursiveRef') return this.#isRecursive && this.#ids > 1;
    return (this.#dynamic.get(hash.slice(1)) ?? 0) > 1;
  }

  #target(uri: URL, path: string): Target {
    const base = bare(uri);
    const fragment = uri.hash.slice(1);
    const isPointer = fragment === '' || fragment.startsWith('/');
    const root = this.#named.get(isPointer ? base : `${base}#${fragment}`);
    if (root === undefined && fragment === '' && isDialectUri(base)) {
      return { to: true, pointer: null, base };
    }
    const place = root === undefined ? undefined : this.#places.get(root);
    const at = { to: root, pointer: place?.pointer ?? '', base: place?.base ?? base };
    const found = root === undefined ? null : isPointer ? this.#pointed(at, fragment) : at;
    return found ?? this.#refuse(path, 'leads to nothing in this schema');
  }

  /** What a JSON pointer leads to; null when that is nothing. */
  #pointed(root: Target, fragment: string): Target | null {
    let { to, base } = root;
    let pointer = root.pointer ?? '';
    for (const raw of fragment.split('/').slice(1)) {
      const key = keyOf(raw);
      if (typeof to !== 'object' || to === null || key === null || !Object.hasOwn(to, key)) {
        return null;
      }
      to = (to as Members)[key];
      pointer = below(pointer, key);
      if (isMembers(to)) base = this.#places.get(to)?.base ?? base;
    }
    return { to, pointer, base };
  }

  applied(holder: Members, to: Members, path: string): void {
    const known = this.#applied.get(holder);
    if (known === undefined) this.#applied.set(holder, [{ to, path }]);
    else known.push({ to, path });
  }

  /** A schema that is applied to its own value again would be applied for ever. */
  refuseCircles(): void {
    const over = new Set<Members>();
    const around = new Set<Members>();
    const look = (schema: Members): void => {
      around.add(schema);
      for (const { to, path } of this.#applied.get(schema) ?? []) {
        if (around.has(to)) this.#refuse(path, 'leads back to itself');
        if (!over.has(to)) look(to);
      }
      around.delete(schema);
      over.add(schema);
    };
    for (const schema of this.#applied.keys()) if (!over.has(schema)) look(schema);
  }
}

/** The pointer to a part of what `pointer` leads to, as it may stand in a URI. */
export function below(pointer: string, key: string | number): string {
  const escaped = String(key).replaceAll('~', '~0').replaceAll('/', '~1');
  return `${pointer}/${encodeURI(escaped).replaceAll('#', '%23')}`;
}

function parsed(uri: string, base: string): URL | null {
  try {
    return new URL(uri, base);
  } catch {
    return null;
  }
}

function bare({ href }: URL): string {
  return href.replace(/#.*$/s, '');
}

/** One step of a JSON pointer in a URI; null when it cannot be decoded. */
function keyOf(raw: string): string | null {
  try {
    return decodeURIComponent(raw).replaceAll('~1', '/').replaceAll('~0', '~');
  } catch {
    return null;
  }
}
