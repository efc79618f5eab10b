import { isAbsolute, resolve } from 'node:path';
import { heddleError } from '../../domain/errors.ts';
import { embeddedLimits } from './limits.ts';

export type EmbeddedPostgresOptions = {
  /** Where heddle keeps its things; `.heddle` in the working directory unless given. */
  readonly directory?: string;
  /** Created when it is missing; `heddle` unless given. */
  readonly database?: string;
  /** Postgres settings over heddle's own. They apply when a server starts, not on adoption. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Allows a Postgres of this machine where no package has one. Also HEDDLE_SYSTEM_POSTGRES=1. */
  readonly allowSystemBinaries?: boolean;
  /** The last user's `close` leaves the server running. */
  readonly keepRunning?: boolean;
  /** After so long without any user the server stops itself; a minute unless given. */
  readonly unusedMsMax?: number;
  /** Hears in whole sentences what the supervisor does. */
  readonly log?: (line: string) => void;
  /** Hears what its host must know, such as data that are not in `directory`; default: stderr. */
  readonly warn?: (line: string) => void;
};

export type ResolvedOptions = {
  readonly directory: string;
  readonly database: string;
  readonly settings: Readonly<Record<string, string>>;
  readonly allowSystemBinaries: boolean;
  /** A bin directory that is used instead of the package's: CI tests other majors with it. */
  readonly systemBin: string | undefined;
  readonly keepRunning: boolean;
  readonly unusedMsMax: number;
  readonly log: (line: string) => void;
  readonly warn: (line: string) => void;
};

/** Reads environment and defaults once; behind this nothing is optional. */
export function resolveOptions(options: EmbeddedPostgresOptions): ResolvedOptions {
  const database = options.database ?? 'heddle';
  // pg reads a database's name out of a URL without decoding it, so it must not need that.
  if (!/^[A-Za-z_][\w-]{0,62}$/.test(database)) {
    throw heddleError('invalid-field', {
      field: 'database',
      reason: 'must have 1 to 63 letters, digits, - or _, and begin with a letter or _',
    });
  }
  const settings = options.settings ?? {};
  for (const [name, value] of Object.entries(settings)) {
    if (/^[A-Za-z_][\w.]*$/.test(name) && !/\p{Cc}/u.test(value)) continue;
    throw heddleError('invalid-field', {
      field: `settings.${name}`,
      reason: 'must be the name of a Postgres setting with a value on one line',
    });
  }
  const system = process.env['HEDDLE_SYSTEM_POSTGRES'] ?? '';
  return {
    directory: resolve(options.directory ?? '.heddle'),
    database,
    settings,
    allowSystemBinaries: options.allowSystemBinaries ?? system === '1',
    systemBin: isAbsolute(system) ? system : undefined,
    keepRunning: options.keepRunning ?? false,
    unusedMsMax: options.unusedMsMax ?? embeddedLimits.unusedMsMax,
    log: options.log ?? (() => undefined),
    warn: options.warn ?? ((line) => console.error(`heddle: ${line}`)),
  };
}
