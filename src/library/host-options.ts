/**
 * Checks the options of `createHeddle` before anything is opened: each field by its type. A field that
 * heddle does not know is refused, because a misspelt `databaseURL` would otherwise open a fresh
 * database of heddle's own. An empty DATABASE_URL is refused for the same reason.
 */
import { refuseField } from '../domain/field.ts';
import type { JsonObject } from '../domain/json.ts';
import { asList, asOptions } from '../domain/options.ts';

const providersMax = 10_000;
const objects = ['settings', 'budgets', 'tenantWeights'] as const;

const known: readonly string[] = [
  'databaseUrl',
  'directory',
  'replica',
  'log',
  'agents',
  'providers',
  ...objects,
];

export function checkOptions(given: unknown): void {
  const options = asOptions(given as JsonObject, 'options', known);
  const { providers } = options;
  if (providers !== undefined)
    asList(providers, 'providers', { max: providersMax, what: 'providers' });
  for (const name of objects) {
    if (isWrong(options, name, isObject)) refuseField(name, 'must be an object');
  }
  const isFlag = (value: unknown): boolean => typeof value === 'boolean';
  if (isWrong(options, 'replica', isFlag)) refuseField('replica', 'must be true or false');
  const isPath = (value: unknown): boolean => typeof value === 'string' && value.trim() !== '';
  if (isWrong(options, 'directory', isPath)) refuseField('directory', 'must name a folder');
}

function isWrong(options: JsonObject, name: string, fits: (value: unknown) => boolean): boolean {
  return options[name] !== undefined && !fits(options[name]);
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The URL of the host's own Postgres; null for heddle's embedded one. */
export function databaseUrlOf(given: unknown, fromEnvironment: string | undefined): string | null {
  if (given === null) return null;
  if (given !== undefined) return checkUrl(given, 'databaseUrl');
  return fromEnvironment === undefined ? null : checkUrl(fromEnvironment, 'DATABASE_URL');
}

/** The error does not repeat the value, because it may hold a password. */
function checkUrl(value: unknown, field: string): string {
  if (typeof value !== 'string') refuseField(field, 'must be a text');
  if (value.trim() === '') {
    refuseField(field, 'is empty; give the URL of a Postgres, or leave it out for heddle’s own');
  }
  if (!/^(postgres|postgresql):\/\/|^socket:|^\//i.test(value)) {
    refuseField(field, 'must be the URL of a Postgres, such as postgres://user@host/database');
  }
  return value;
}
