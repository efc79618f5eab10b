/** Marks of what is to be cached. */
import { type Fields, fieldsAt, isBlank, isFields, oneOfAt, refuse } from './refusal.ts';

const marksMax = 4;

export function checkCacheMarks({ tools, system, messages }: Fields): void {
  const marks: { readonly at: string; readonly ttl: '5m' | '1h' }[] = [];
  const walk = (value: unknown, at: string): void => {
    if (Array.isArray(value)) value.forEach((one, i) => walk(one, `${at}.${i}`));
    if (!isFields(value)) return;
    if (value['cache_control'] !== undefined) marks.push({ at, ttl: ttlOf(value, at) });
    walk(value['content'], `${at}.content`);
  };
  // The order in which a request is read.
  walk(tools, 'tools');
  walk(system, 'system');
  walk(messages, 'messages');
  if (marks.length > marksMax) {
    const found = `Found ${marks.length}.`;
    refuse(`A maximum of 4 blocks with cache_control may be provided. ${found}`);
  }
  const short = marks.findIndex(({ ttl }) => ttl === '5m');
  const late = short === -1 ? undefined : marks.slice(short).find(({ ttl }) => ttl === '1h');
  if (late !== undefined) {
    const words =
      "a ttl='1h' cache_control block must not come after a ttl='5m' cache_control block";
    refuse(`${late.at}.cache_control.ttl: ${words}`);
  }
}

function ttlOf(block: Fields, at: string): '5m' | '1h' {
  const { type, text } = block;
  const mark = fieldsAt(block['cache_control'], `${at}.cache_control`);
  if (mark['type'] !== 'ephemeral') refuse(`${at}.cache_control.type: Input should be 'ephemeral'`);
  if (type === 'thinking' || type === 'redacted_thinking') {
    refuse(`${at}.${type}.cache_control: Extra inputs are not permitted`);
  }
  if (type === 'text' && typeof text === 'string' && isBlank(text)) {
    refuse(`${at}: cache_control cannot be set for empty text blocks`);
  }
  return oneOfAt(mark['ttl'] ?? '5m', `${at}.cache_control.ttl`, ['5m', '1h'] as const);
}
