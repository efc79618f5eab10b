/**
 * `heddle tokens`: the tokens of the HTTP API, made, listed and revoked in the database and not over HTTP, because
 * the first one must be there before anything can be asked.
 */
import type { Command } from 'commander';
import { createToken, listTokens, revokeToken } from '../access/tokens.ts';
import { asOneOf } from '../domain/field.ts';
import { tokenScopes } from '../store/access-rows.ts';
import { withJsonFlags } from './api/api-flags.ts';
import { printList } from './api/printed.ts';
import { withDatabaseFlags, type DatabaseFlags } from './database-flags.ts';
import { withHeddle } from './with-heddle.ts';
import { writerTo, type Streams } from './streams.ts';

type CreateFlags = DatabaseFlags & { readonly scopes?: string; readonly tenant?: string };

type ListFlags = DatabaseFlags & { readonly json?: boolean; readonly jsonl?: boolean };

export function addTokensCommand(program: Command, streams: Streams): void {
  const { stdout, stderr } = streams;
  const say = writerTo(stdout);
  const tokens = program.command('tokens').description('who may use the HTTP API');
  withDatabaseFlags(tokens.command('create <name>'))
    .description('make a token, and show it once')
    .option(
      '--scopes <list>',
      `of ${tokenScopes.join(', ')} (default: run,read); admin allows everything`,
    )
    .option('--tenant <name>', 'the only tenant that it may name (default: all)')
    .action(async (name: string, { scopes, tenant, ...flags }: CreateFlags) => {
      const asked = scopes?.split(',').map((scope) => asOneOf(scope.trim(), 'scopes', tokenScopes));
      const request = {
        name,
        ...(asked === undefined ? {} : { scopes: asked }),
        ...(tenant === undefined ? {} : { tenant }),
      };
      say(await withHeddle(flags, ({ runtime }) => createToken(runtime.store, request)));
      writerTo(stderr)(
        `This is token ${name}. It is not shown again: heddle keeps its hash alone.`,
      );
    });
  const list = withDatabaseFlags(tokens.command('list')).description(
    'tokens by name, without their secrets',
  );
  withJsonFlags(list, 'the tokens').action(async (flags: ListFlags) => {
    const rows = await withHeddle(flags, ({ runtime }) => listTokens(runtime.store));
    const text = (all: typeof rows): string => all.map(line).join('\n');
    printList(streams, flags, rows, { text, none: 'No token was made.' });
  });
  withDatabaseFlags(tokens.command('revoke <name>'))
    .description('refuse a token from now on: every replica does within 5 s')
    .action(async (name: string, flags: DatabaseFlags) => {
      await withHeddle(flags, ({ runtime }) => revokeToken(runtime.store, name));
      say(`Token ${name} is revoked.`);
    });
}

type Row = Awaited<ReturnType<typeof listTokens>>[number];

function line({ name, scopes, tenant, revokedAtMs }: Row): string {
  const whose = tenant === null ? 'all tenants' : `tenant ${tenant}`;
  return `${name}  ${scopes.join(',')}  ${whose}${revokedAtMs === null ? '' : '  revoked'}`;
}
