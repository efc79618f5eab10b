/** `heddle tokens`: the tokens of the HTTP API, made, listed and revoked in the database. */
import type { Command } from 'commander';
import { createToken, listTokens, revokeToken } from '../access/tokens.ts';
import { asOneOf } from '../domain/field.ts';
import { tokenScopes } from '../store/access-rows.ts';
import { withDatabaseFlags, type DatabaseFlags } from './database-flags.ts';
import { withHeddle } from './with-heddle.ts';
import { writerTo, type Streams } from './streams.ts';

type CreateFlags = DatabaseFlags & { readonly scopes?: string; readonly tenant?: string };

export function addTokensCommand(program: Command, { stdout, stderr }: Streams): void {
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
  withDatabaseFlags(tokens.command('list'))
    .description('tokens by name, without their secrets')
    .option('--json', 'one object per token, one per line')
    .action(async ({ json, ...flags }: DatabaseFlags & { readonly json?: boolean }) => {
      const rows = await withHeddle(flags, ({ runtime }) => listTokens(runtime.store));
      if (json === true) for (const row of rows) say(JSON.stringify(row));
      else if (rows.length === 0) say('No token was made.');
      else for (const row of rows) say(line(row));
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
