// The API reference: `npm run docs` builds it from the comments of the public types, and fails on a public
// symbol that has none, and on a type that a public function takes or gives and no entry exports.
//
// The entries are those of package.json, so a new one is documented without being named here.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const path = (name) => fileURLToPath(new URL(`../${name}`, import.meta.url));
const { exports: entries } = JSON.parse(readFileSync(path('package.json'), 'utf8'));

/** From what a user imports to its source: dist keeps the folders of the checkout. */
const sourceOf = (entry) => entry.types?.replace(/^\.\/dist\/(.*)\.d\.ts$/, '$1.ts');

/** Steps on the way from a chart's type to a run's: nothing that anybody would name. */
const stepsOfTypes = [
  'AnswerTo',
  'AskedOf',
  'Branded',
  'ChartIn',
  'EmittedFrom',
  'FieldsOf',
  'GivenOf',
  'HeardOf',
  'IdOf',
  'KeptOf',
  'Known',
  'Listed',
  'PartOf',
  'SentOf',
  'Unkept',
];
/** A type that is read off a value. The value stands in docs/errors.md, or is a chart. */
const readOff = ['errorRegistry', 'runMachine', 'providerMachine'];

/** @type {Partial<import('typedoc').TypeDocOptions>} */
export default {
  name: 'heddle',
  entryPoints: Object.values(entries).map(sourceOf).filter(Boolean).map(path),
  tsconfig: path('.config/tsconfig.build.json'),
  // `npm run check:types` finds these.
  skipErrorChecking: true,
  out: path('.api'),
  readme: 'none',
  excludeInternal: true,
  excludePrivate: true,
  disableSources: true,
  validation: { notExported: true, invalidLink: true, notDocumented: true },
  intentionallyNotExported: [...stepsOfTypes, ...readOff],
  treatWarningsAsErrors: true,
};
