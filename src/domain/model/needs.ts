/**
 * What a call needs that not every provider can do. Such a call goes only to providers that can: a provider
 * that left out an image or a tool choice would answer another question. Pure.
 */
import type { GenerateRequest } from './model-call.ts';

/** Images of which heddle has the bytes, images of which only the address is known, or a tool choice. */
export type Need = 'images' | 'image-urls' | 'tool-choice';

/** The images that messages hold. */
export type ImageNeed = Extract<Need, 'images' | 'image-urls'>;

const none: readonly Need[] = [];

/** `inConversation`: the images of the messages that stand in the call's conversation already. */
export function needsOf(
  { messages = [], toolChoice = 'auto', tools = [] }: GenerateRequest,
  inConversation: readonly ImageNeed[] = [],
): readonly Need[] {
  const needs = new Set<Need>(inConversation);
  for (const message of messages) for (const need of imagesOf(message)) needs.add(need);
  // Without tools there is nothing to choose.
  if (toolChoice !== 'auto' && tools.length > 0) needs.add('tool-choice');
  return needs.size === 0 ? none : [...needs].toSorted();
}

/** What the images of a message need. */
export function imagesOf(
  message: NonNullable<GenerateRequest['messages']>[number],
): readonly ImageNeed[] {
  if (!('parts' in message) || message.parts === undefined) return [];
  const needs = new Set<ImageNeed>();
  for (const part of message.parts) {
    if (part.type === 'image') needs.add('url' in part ? 'image-urls' : 'images');
  }
  return [...needs];
}
