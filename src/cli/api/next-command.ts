/** What to type after an error, by its code. Null: its message says all. */
const commands: Readonly<Record<string, string>> = {
  'run-unknown': 'heddle runs',
  'agent-unknown': 'heddle agents list; a replica registers agents: heddle serve <modules>',
  'ask-unknown': 'heddle questions',
  'answer-invalid': 'heddle questions (it shows the schema that the answer must fit)',
  'queue-full': 'heddle runs --status queued',
  'token-missing': 'heddle tokens create <name>, and its token in HEDDLE_TOKEN',
  'token-refused': 'heddle tokens list',
  'scope-missing': 'heddle tokens create <name> --scopes <list>',
  'tenant-refused': 'heddle tokens list',
  'token-name-used': 'heddle tokens list',
  'token-unknown': 'heddle tokens list',
  unreachable: 'heddle serve',
  'no-heddle': 'the same with --url of a heddle that serves',
  'entry-unknown': 'heddle memory versions <scope> <owner> <key>',
  'version-differs': 'heddle memory get <scope> <owner> <key>',
};

export const nextCommand = (code: string): string | null => commands[code] ?? null;
