/** `heddle budget`: the limit and the spending of a run, a user or a tenant. */
import type { Command } from 'commander';
import { refuseField } from '../domain/field.ts';
import { withDatabaseFlags, type DatabaseFlags } from './database-flags.ts';
import { withHeddle } from './runs-commands.ts';
import { writerTo, type Streams } from './streams.ts';
import { wholeOf } from './whole.ts';

type BudgetFlags = DatabaseFlags & {
  readonly tenant?: string;
  readonly user?: string;
  readonly run?: string;
  readonly tokens?: string;
  readonly cost?: string;
  readonly perDay?: boolean;
  readonly unbounded?: boolean;
};

export function addBudgetCommand(program: Command, { stdout }: Streams): void {
  const say = writerTo(stdout);
  const command = program
    .command('budget')
    .description('show a budget with what was spent of it, or set it first')
    .option('--tenant <name>', 'whose (default: default)')
    .option('--user <name>', "of this user, instead of the tenant's own")
    .option('--run <id>', 'of this run')
    .option('--tokens <n>', 'set it: so many tokens')
    .option('--cost <amount>', "set it: so much, in the currency of the providers' prices")
    .option('--per-day', 'what is set begins anew every day, UTC')
    .option('--unbounded', 'set it to no bound');
  withDatabaseFlags(command).action(async (flags: BudgetFlags) => {
    const { tenant, user, run, tokens, cost } = flags;
    const owner = {
      ...(tenant === undefined ? {} : { tenant }),
      ...(user === undefined ? {} : { user }),
      ...(run === undefined ? {} : { runId: run }),
    };
    const budget = {
      ...(tokens === undefined ? {} : { tokens: wholeOf(tokens, 'tokens', { min: 0, max: 1e15 }) }),
      ...(cost === undefined ? {} : { cost: costOf(cost) }),
      ...(flags.perDay === true ? { per: 'day' as const } : {}),
    };
    const view = await withHeddle(flags, async (heddle) => {
      const isSet = tokens !== undefined || cost !== undefined || flags.unbounded === true;
      if (isSet) await heddle.setBudget(owner, budget);
      return heddle.budget(owner);
    });
    say(view === null ? 'No budget, and nothing was charged.' : JSON.stringify(view));
  });
}

function costOf(text: string): number {
  const cost = Number(text);
  if (text.trim() === '' || !(cost >= 0)) refuseField('cost', 'must be a number of at least 0');
  return cost;
}
