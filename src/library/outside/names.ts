/** Lists of channels, their groups, memory entries and budgets, for surfaces. */
import { checkName } from '../../domain/ids.ts';
import type { OneTenant } from '../../domain/scope.ts';
import type { ChannelRow, EntryRow, GroupRow, NamesAsked } from '../../store/ports/records.ts';
import { budgetView, type BudgetView } from '../budget-requests.ts';
import type { Heddle } from '../library.ts';
import { memoryAddress, type MemoryOwner } from '../requests.ts';

type Host = Pick<Heddle, 'runtime'>;

/** How much of a value a list shows. */
const valueCharsMax = 200;

/** Empty is a prefix of all names. */
function checked({ prefix, after, limit }: NamesAsked): NamesAsked {
  if (prefix !== '') checkName(prefix, 'query.prefix');
  return { prefix, after: after === null ? null : checkName(after, 'query.cursor'), limit };
}

export async function channelsOf(
  { runtime }: Host,
  scope: OneTenant,
  asked: NamesAsked,
): Promise<readonly ChannelRow[]> {
  return runtime.store.channels(scope, checked(asked));
}

/** `head`: the channel's newest number; 0: nothing was published to it. */
export async function groupsOf(
  { runtime }: Host,
  scope: OneTenant,
  asked: Omit<NamesAsked, 'prefix'> & { readonly channel: string },
): Promise<{ readonly head: number; readonly groups: readonly GroupRow[] }> {
  const channel = checkName(asked.channel, 'params.channel');
  const { after, limit } = checked({ ...asked, prefix: '' });
  const log = { scope, channel, after: Number.MAX_SAFE_INTEGER, limit: 1 };
  const [groups, [found]] = await Promise.all([
    runtime.store.groups(scope, { channel, after, limit }),
    runtime.store.channelLogs([log]),
  ]);
  return { head: found?.head ?? 0, groups };
}

/** What users have used of their budgets: of those that were given one, or that a default has charged. */
export async function userBudgetsOf(
  { runtime }: Host,
  scope: OneTenant,
  asked: NamesAsked,
): Promise<readonly (BudgetView & { readonly user: string })[]> {
  const rows = await runtime.store.userBudgets(scope, checked(asked));
  return rows.map((row) => ({ ...budgetView({}, row), user: row.owner }));
}

/** The entries of an owner by key, deleted ones too. */
export async function entriesOf(
  { runtime }: Host,
  within: OneTenant,
  owner: MemoryOwner,
  asked: NamesAsked,
): Promise<readonly EntryRow[]> {
  const { address } = memoryAddress(owner, 'any', within);
  const of = { scope: address.scope, owner: address.owner, valueCharsMax };
  return runtime.store.memoryEntries(within, { ...checked(asked), ...of });
}
