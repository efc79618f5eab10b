/** `heddle budget`: the limit and the spending of a run, a user or a tenant. */
import type { Command } from 'commander';
import type { BudgetOwner } from '../client/index.ts';
import { refuseField } from '../domain/field.ts';
import { apiCommand, withJsonFlags, type ApiFlags } from './api/api-flags.ts';
import { printOne } from './api/printed.ts';
import { withClient } from './api/with-client.ts';
import type { Streams } from './streams.ts';
import { wholeOf } from './whole.ts';

type BudgetFlags = ApiFlags & {
  readonly user?: string;
  readonly run?: string;
  readonly tokens?: string;
  readonly cost?: string;
  readonly perDay?: boolean;
  readonly unbounded?: boolean;
};

export function addBudgetCommand(program: Command, streams: Streams): Command {
  const command = apiCommand(program, 'budget')
    .description('show a budget with what was spent of it, or set it first')
    .option('--user <name>', "of this user, instead of the tenant's own")
    .option('--run <id>', 'of this run')
    .option('--tokens <n>', 'set it: so many tokens')
    .option('--cost <amount>', "set it: so much, in the currency of the providers' prices")
    .option('--per-day', 'what is set begins anew every day, UTC')
    .option('--unbounded', 'set it to no bound');
  withJsonFlags(command, 'the budget').action(async (flags: BudgetFlags) => {
    const { tokens, cost } = flags;
    const owner = ownerOf(flags);
    const budget = {
      ...(tokens === undefined ? {} : { tokens: wholeOf(tokens, 'tokens', { min: 0, max: 1e15 }) }),
      ...(cost === undefined ? {} : { cost: costOf(cost) }),
      ...(flags.perDay === true ? { per: 'day' as const } : {}),
    };
    const isSet = tokens !== undefined || cost !== undefined || flags.unbounded === true;
    const view = await withClient(flags, ({ operator }) =>
      isSet ? operator.setBudget(budget, owner) : operator.budget(owner),
    );
    printOne(streams, flags, view, (one) => JSON.stringify(one));
  });
  return command;
}

function ownerOf({ user, run }: BudgetFlags): BudgetOwner {
  if (user !== undefined && run !== undefined) {
    refuseField('run', 'must not be given beside user: a budget has one owner');
  }
  if (run !== undefined) return { runId: run };
  return user === undefined ? {} : { user };
}

function costOf(text: string): number {
  const cost = Number(text);
  if (text.trim() === '' || !(cost >= 0)) refuseField('cost', 'must be a number of at least 0');
  return cost;
}
