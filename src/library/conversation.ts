/** A run's conversation, as the library gives it. */
import type { GenerateMessage } from '../domain/catalogue.ts';
import { asWhole } from '../domain/field.ts';
import { checkName } from '../domain/ids.ts';
import { limits } from '../domain/limits.ts';
import { asOptions } from '../domain/options.ts';
import type { Store } from '../store/port.ts';
import type { RunAddress } from '../store/rows.ts';

/** Options of `conversation`. */
export type ConversationOptions = {
  /** Only so many messages, the last ones. Default: all, which the bounds of a conversation keep few. */
  readonly newest?: number;
};

export async function conversationOf(
  store: Pick<Store, 'conversations'>,
  { tenant, runId }: Pick<RunAddress, 'tenant' | 'runId'>,
  asked: { readonly name: string; readonly options: ConversationOptions },
): Promise<readonly GenerateMessage[]> {
  const conversation = checkName(asked.name, 'conversation.name');
  const options = asOptions(asked.options, 'conversation', ['newest']);
  const bounds = { min: 1, max: limits.conversationMessagesMax, fallback: null };
  const newest = asWhole(options.newest, 'conversation.newest', bounds);
  const read = { tenant, runId, conversation, ...(newest === null ? {} : { newest }) };
  const [texts = []] = await store.conversations([read]);
  return texts.map((text) => JSON.parse(text) as GenerateMessage);
}
