/** The contract of `Store`: every implementation passes all of it. */
import { answersContract, sentKeysContract } from './answers.ts';
import { attemptsContract } from './attempts.ts';
import { budgetsContract } from './budgets.ts';
import { channelsContract } from './channels.ts';
import { checkpointsContract } from './checkpoints.ts';
import { conversationsContract } from './conversations.ts';
import { evaluationsContract } from './evaluations.ts';
import { failingTurnsContract } from './failing-turns.ts';
import type { Contract } from './fixture.ts';
import { groupsContract } from './groups.ts';
import { imagesContract } from './images.ts';
import { inboxContract } from './inbox.ts';
import { leasesContract } from './leases.ts';
import { listingContract } from './listing.ts';
import { namesContract } from './names.ts';
import { memoryContract } from './memory.ts';
import { auditContract, listsContract } from './operations.ts';
import { openQuestionsContract } from './open-questions.ts';
import { ownershipContract } from './ownership.ts';
import { providersContract } from './providers.ts';
import { scopesContract } from './scopes.ts';
import { requestsContract } from './requests.ts';
import { slotsContract } from './slots.ts';
import { agentsContract } from './agents.ts';
import { timersContract } from './timers.ts';
import { tokensContract } from './tokens.ts';
import { turnsContract } from './turns.ts';
import { wholeContract } from './whole.ts';
import { watchingContract } from './watching.ts';
import { weaveContract } from './weave.ts';

const themes = {
  turns: turnsContract,
  'turns that fail': failingTurnsContract,
  memory: memoryContract,
  checkpoints: checkpointsContract,
  conversations: conversationsContract,
  images: imagesContract,
  channels: channelsContract,
  groups: groupsContract,
  'inbox and starts': inboxContract,
  questions: answersContract,
  'open questions of all runs': openQuestionsContract,
  'events with a key': sentKeysContract,
  'requests with a key': requestsContract,
  'timers and delayed messages': timersContract,
  ownership: ownershipContract,
  'leases of outside consumers': leasesContract,
  'lists by name': namesContract,
  'evaluations of runs': evaluationsContract,
  slots: slotsContract,
  providers: providersContract,
  attempts: attemptsContract,
  budgets: budgetsContract,
  agents: agentsContract,
  'tokens of the API': tokensContract,
  'lists and usage': listsContract,
  'lists of runs': listingContract,
  'logs, briefs and peers': watchingContract,
  'the past of drawn runs': weaveContract,
  'the whole': wholeContract,
  scopes: scopesContract,
  'audit and retention': auditContract,
};

/** `describe` is vitest's, or calls its second argument at once. */
export function storeContract(
  contract: Contract & { readonly describe: (theme: string, tests: () => void) => void },
): void {
  for (const [theme, tests] of Object.entries(themes)) {
    contract.describe(theme, () => tests(contract));
  }
}
