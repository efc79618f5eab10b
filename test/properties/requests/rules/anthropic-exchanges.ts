/** Tool calls and their results in a request to Anthropic. */
import type { AnthropicBlock, AnthropicMessage } from './anthropic-messages.ts';
import { refuse } from './refusal.ts';

/** Messages of which successive ones of a role have become one. */
export function checkExchanges(messages: readonly AnthropicMessage[]): void {
  const ids = new Set<string>();
  messages.forEach(({ role, content }, i) => {
    const calls = role === 'assistant' ? idsOf(content, 'tool_use', 'id') : [];
    for (const id of calls) {
      if (ids.has(id)) refuse(`messages.${i}: \`tool_use\` ids must be unique`);
      ids.add(id);
    }
    if (calls.length > 0) checkAnswered(calls, messages[i + 1]?.content ?? [], i);
    if (role === 'assistant') checkServerTools(content, i);
    if (role === 'user') checkAsked(content, messages[i - 1]?.content ?? [], i);
  });
}

function idsOf(content: readonly AnthropicBlock[], type: string, field: string): readonly string[] {
  return content.filter((block) => block.type === type).map((block) => String(block[field]));
}

/** The results stand at the beginning of the next message. */
function checkAnswered(calls: readonly string[], next: readonly AnthropicBlock[], i: number): void {
  const end = next.findIndex(({ type }) => type !== 'tool_result');
  const first = idsOf(end === -1 ? next : next.slice(0, end), 'tool_result', 'tool_use_id');
  const open = calls.filter((id) => !first.includes(id));
  if (open.length === 0) return;
  const without = 'ids were found without `tool_result` blocks immediately after';
  refuse(`messages.${i}: \`tool_use\` ${without}: ${open.join(', ')}.`);
}

function checkAsked(
  content: readonly AnthropicBlock[],
  before: readonly AnthropicBlock[],
  i: number,
): void {
  const calls = idsOf(before, 'tool_use', 'id');
  const seen = new Set<string>();
  for (const id of idsOf(content, 'tool_result', 'tool_use_id')) {
    if (!calls.includes(id)) {
      refuse(`messages.${i}: unexpected \`tool_use_id\` found in \`tool_result\` blocks: ${id}.`);
    }
    if (seen.has(id)) {
      const found = `Found multiple \`tool_result\` blocks with id: ${id}`;
      refuse(`messages.${i}: each tool_use must have a single result. ${found}`);
    }
    seen.add(id);
  }
}

/** What a tool of the vendor's own has found stands in the same message as its call. */
function checkServerTools(content: readonly AnthropicBlock[], i: number): void {
  const asked = idsOf(content, 'server_tool_use', 'id');
  const found = idsOf(content, 'web_search_tool_result', 'tool_use_id');
  const open = asked.find((id) => !found.includes(id));
  if (open !== undefined) {
    refuse(`messages.${i}: \`web_search\` tool use with id ${open} was found without its result`);
  }
  const stray = found.find((id) => !asked.includes(id));
  if (stray !== undefined) {
    refuse(`messages.${i}: unexpected \`tool_use_id\` in web_search_tool_result: ${stray}`);
  }
}
