/**
 * The settings of the server. They are written anew at each start, so that a newer heddle brings
 * its own. They come after initdb's postgresql.conf (time zone, locale) and before the caller's
 * settings.
 */
import type { Address } from './address.ts';
import type { Home } from './home.ts';

export type SettingsRequest = {
  readonly home: Home;
  readonly address: Address;
  /** Whether this server was built with lz4. */
  readonly lz4: boolean;
  readonly settings: Readonly<Record<string, string>>;
};

export function settingsText(request: SettingsRequest): string {
  const all = {
    ...reachability(request),
    ...durability,
    ...writing(request.lz4),
    ...running,
    ...logging(request.home),
    ...request.settings,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name} = ${quoted(value)}`);
  return [
    '# Written by heddle at each start: changes belong into its `settings` option.',
    `include = ${quoted('data/postgresql.conf')}`,
    ...lines,
    '',
  ].join('\n');
}

/**
 * The access rules. On POSIX the mode of the socket's folder decides about access, so no password
 * is asked for; on Windows one is.
 */
export function accessText({ password }: Address): string {
  return password === undefined
    ? 'local all all trust\n'
    : 'host all all 127.0.0.1/32 scram-sha-256\n';
}

function reachability({ home, address }: SettingsRequest): Record<string, string> {
  const tcp = address.password !== undefined;
  return {
    listen_addresses: tcp ? '127.0.0.1' : '',
    port: String(address.port),
    // The setting is a list of folders: the inner quotes keep a comma in the path from splitting
    // it.
    unix_socket_directories: tcp ? '' : `"${address.host.replaceAll('"', '""')}"`,
    unix_socket_permissions: '0700',
    hba_file: `${home.path}/pg_hba.conf`,
    max_connections: '100',
  };
}

/**
 * heddle's promises about crashes depend on these settings; they are written out so that no default
 * decides.
 */
const durability = {
  fsync: 'on',
  full_page_writes: 'on',
  synchronous_commit: 'on',
};

function writing(lz4: boolean): Record<string, string> {
  return {
    // The first change of a page after a checkpoint writes the whole page to the log. Rare
    // checkpoints make that rare, and compression makes it small; the price is a longer replay
    // after a crash.
    max_wal_size: '4GB',
    checkpoint_timeout: '15min',
    wal_compression: lz4 ? 'lz4' : 'on',
    // No standby follows a server in a project's folder, so it logs for recovery alone.
    wal_level: 'minimal',
    max_wal_senders: '0',
    shared_buffers: '256MB',
  };
}

const running = {
  // heddle's statements are short; compiling one costs more than it saves.
  jit: 'off',
  // Parallel plans need shared memory, which containers limit to 64 MB, and gain nothing here.
  max_parallel_workers_per_gather: '0',
  // No logical subscription exists here, so the launcher's process is not needed.
  max_logical_replication_workers: '0',
  timezone: 'UTC',
  cluster_name: 'heddle',
};

/**
 * Errors of statements go to the client that sent the statement and are not logged: they would grow
 * with the load and quote users' data. The rest (starts, crashes, checkpoints) goes to one file for
 * each weekday, which is emptied a week later.
 */
function logging(home: Home): Record<string, string> {
  return {
    logging_collector: 'on',
    log_directory: home.log,
    log_filename: 'postgres-%a.log',
    log_rotation_age: '1d',
    log_rotation_size: '0',
    log_truncate_on_rotation: 'on',
    log_min_messages: 'log',
    log_timezone: 'UTC',
  };
}

function quoted(value: string): string {
  return `'${value.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}
