/**
 * Settings of heddle's own sessions. A role, a database or a connection string may set others, which are
 * meant for sessions of another kind: they would lose work, change values or end connections in use.
 */

/**
 * - client_encoding: the text that is sent is UTF-8.
 * - default_transaction_isolation: each transaction sees what was committed before.
 * - standard_conforming_strings: a backslash in a statement is a backslash.
 * - extra_float_digits: a score is read as it was written, and not with 15 digits of it.
 */
const always = {
  client_encoding: `'UTF8'`,
  default_transaction_isolation: `'read committed'`,
  standard_conforming_strings: 'on',
  extra_float_digits: '1',
};

/** Limits that older servers do not know. heddle keeps its connections, and bounds each statement itself. */
const unlimited = `select set_config(name, '0', false)
  from unnest(array['idle_session_timeout', 'transaction_timeout']) as unlimited(name)
  where current_setting(name, true) is not null`;

/**
 * A crash of the server would lose what was accepted. The other values stay, because each waits for the
 * server's own disk, and says what else is waited for.
 */
const durable = `select set_config('synchronous_commit', 'on', false)
  where current_setting('synchronous_commit') = 'off'`;

/** One text in the simple protocol, for the begin of a session. */
export function sessionSettings(further: Readonly<Record<string, string>>): string {
  const sets = Object.entries({ ...always, ...further }).map(([name, to]) => `set ${name} = ${to}`);
  return [...sets, unlimited, durable].join('; ');
}
