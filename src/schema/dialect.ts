/** The dialects of JSON Schema that are taken, and the URIs by which a schema names its own. */

export type Dialect = '2020-12' | '2019-09' | 'draft-07';

const uris: Readonly<Record<Dialect, string>> = {
  '2020-12': 'https://json-schema.org/draft/2020-12/schema',
  '2019-09': 'https://json-schema.org/draft/2019-09/schema',
  'draft-07': 'http://json-schema.org/draft-07/schema',
};

export const knownDialects = Object.values(uris).join(', ');

/** What `$schema` names; 2020-12 without it, and null for a dialect that is not known. */
export function dialectOf($schema: unknown): Dialect | null {
  if ($schema === undefined) return '2020-12';
  if (typeof $schema !== 'string') return null;
  const bare = withoutScheme($schema.replace(/#$/, ''));
  const found = Object.entries(uris).find(([, uri]) => withoutScheme(uri) === bare);
  return found === undefined ? null : (found[0] as Dialect);
}

/** Schemas are found with both, though each dialect has one that is right. */
function withoutScheme(uri: string): string {
  return uri.replace(/^https?:/, '');
}

/** True for the URIs of the dialects' own schemas, which a schema may refer to and may not take as its id. */
export function isDialectUri(uri: string): boolean {
  return Object.values(uris).includes(uri.replace(/#$/, ''));
}
