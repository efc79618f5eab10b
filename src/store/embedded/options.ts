import { isAbsolute, resolve } from 'node:path';
import { heddleError } from '../../domain/errors.ts';
import { embeddedLimits } from './limits.ts';

export type EmbeddedPostgresOptions = {
  /** The folder for heddle's files; default: `.heddle` in the working directory. */
  readonly directory?: string;
  /** The database's name; it is created when it is missing. Default: `heddle`. */
  readonly database?: string;
  /**
   * Postgres settings, which replace heddle's own. They apply when a server starts, not when a
   * running one is adopted.
   */
  readonly settings?: Readonly<Record<string, string>>;
  /**
   * Allows a Postgres of this machine when no package has one. HEDDLE_SYSTEM_POSTGRES=1 does the
   * same.
   */
  readonly allowSystemBinaries?: boolean;
  /** The server goes on when the last user closes. */
  readonly keepRunning?: boolean;
  /** The server stops itself after so long without a user; default: one minute. */
  readonly unusedMsMax?: number;
  /** Gets a sentence about each step of the supervisor. */
  readonly log?: (line: string) => void;
  /**
   * Gets the warnings for the host, such as that the data are not in `directory`; default: stderr.
   */
  readonly warn?: (line: string) => void;
};

export type ResolvedOptions = {
  readonly directory: string;
  readonly database: string;
  readonly settings: Readonly<Record<string, string>>;
  readonly allowSystemBinaries: boolean;
  /** A folder of programs that replaces the package's; CI tests other major versions with it. */
  readonly systemBin: string | undefined;
  readonly keepRunning: boolean;
  readonly unusedMsMax: number;
  readonly log: (line: string) => void;
  readonly warn: (line: string) => void;
};

/** Reads options, environment and defaults once; in the result each option has its value. */
export function resolveOptions(options: EmbeddedPostgresOptions): ResolvedOptions {
  const database = options.database ?? 'heddle';
  // pg reads a database's name from a URL without decoding it, so names that need encoding are
  // refused.
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
