/** Which reasoning must go back with a request: that of the tool exchange which is not yet answered. */
import type { GenerateMessage, GenerateRequest } from '../../../src/domain/catalogue.ts';
import type { Fields } from './rules/refusal.ts';
import type { Vendor } from './vendors.ts';

/** Texts that must stand in the body. */
export function reasoningDue(
  { provider, protocol }: Vendor,
  body: Fields,
  { messages = [], prompt = '', reasoning }: GenerateRequest,
): readonly string[] {
  if (protocol !== 'anthropic' || reasoning === undefined || reasoning === 'off') return [];
  // Where a tool call is forced, Claude does not think.
  if (JSON.stringify(body['thinking'])?.includes('disabled') === true) return [];
  const spoken = messages.filter(({ role }) => role !== 'system');
  if (prompt.trim() !== '' || spoken.at(-1)?.role !== 'tool') return [];
  const from = spoken.findLastIndex((one) => one.role === 'user' && saysSomething(one));
  const answers = spoken.slice(from + 1).flatMap((one) => (one.role === 'assistant' ? [one] : []));
  const isOpen = (answers.at(-1)?.toolCalls ?? []).length > 0;
  const calling = answers.filter(({ toolCalls = [] }) => toolCalls.length > 0);
  const parts = isOpen ? calling.flatMap((answer) => answer.parts ?? []) : [];
  return parts.flatMap((part): readonly string[] => {
    if (part.type !== 'reasoning') return [];
    const isOwn = part.from?.provider === provider.name && part.from.model === body['model'];
    const seal = part.encrypted ?? part.signature;
    return isOwn && seal !== undefined ? [seal] : [];
  });
}

function saysSomething(message: GenerateMessage): boolean {
  if (message.role !== 'user') return false;
  return (
    message.content.trim() !== '' || (message.parts ?? []).some(({ type }) => type === 'image')
  );
}
