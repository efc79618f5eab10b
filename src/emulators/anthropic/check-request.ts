/**
 * The requests that the Messages API refuses, in the API's own words: a fault of an adapter must
 * show against the emulator already, not first against the real API. The fields that heddle can
 * send are checked, and the names of all fields.
 */
import { invalid, isMembers, type Members } from '../wire.ts';

/** The fields of the SDK's types, and three more that older requests may still have. */
const known = new Set(
  `max_tokens messages model cache_control container diagnostics inference_geo metadata output_config
  service_tier speed stop_sequences stream system thinking tool_choice tools user_profile_id workspace_id
  temperature top_k top_p`.split(/\s+/),
);

const toolName = /^[a-zA-Z0-9_-]{1,128}$/;
const toolId = /^[a-zA-Z0-9_-]+$/;

export function checkMessagesRequest(body: Members, needsMaxTokens: boolean): void {
  for (const name in body) if (!known.has(name)) invalid(`${name}: Extra inputs are not permitted`);
  checkRequired(body, 'model');
  checkRequired(body, 'messages');
  if (needsMaxTokens) checkRequired(body, 'max_tokens');
  const { model, messages, max_tokens: maxTokens, stream, system, tools } = body;
  if (typeof model !== 'string') invalid('model: Input should be a valid string');
  if (model === '') invalid('model: String should have at least 1 character');
  if (maxTokens !== undefined) checkMaxTokens(maxTokens);
  if (stream !== undefined && typeof stream !== 'boolean') {
    invalid('stream: Input should be a valid boolean');
  }
  if (system !== undefined && typeof system !== 'string') checkTexts(system, 'system');
  if (tools !== undefined) checkTools(tools);
  if (!Array.isArray(messages)) invalid('messages: Input should be a valid array');
  checkMessages(messages);
}

function checkRequired(body: Members, name: string): void {
  if (body[name] === undefined) invalid(`${name}: Field required`);
}

function checkMaxTokens(value: unknown): void {
  if (!Number.isInteger(value)) invalid('max_tokens: Input should be a valid integer');
  if (Number(value) < 1) invalid('max_tokens: Input should be greater than or equal to 1');
}

function checkTexts(value: unknown, path: string): void {
  if (!Array.isArray(value)) invalid(`${path}: Input should be a valid array`);
  value.forEach((block: unknown, index) => {
    if (!isMembers(block) || block['type'] !== 'text') {
      invalid(`${path}.${index}.type: Input should be 'text'`);
    }
    checkText(block, `${path}.${index}`);
  });
}

function checkText({ text }: Members, path: string): void {
  if (typeof text !== 'string') invalid(`${path}.text: Field required`);
  if (text === '') invalid('messages: text content blocks must be non-empty');
}

function checkTools(tools: unknown): void {
  if (!Array.isArray(tools)) invalid('tools: Input should be a valid array');
  const names = new Set<string>();
  tools.forEach((tool: unknown, index) => {
    const path = `tools.${index}.custom`;
    if (!isMembers(tool)) invalid(`tools.${index}: Input should be a valid dictionary`);
    const { name, input_schema: schema } = tool;
    if (typeof name !== 'string') invalid(`${path}.name: Field required`);
    if (!toolName.test(name)) {
      invalid(`${path}.name: String should match pattern '${toolName.source}'`);
    }
    if (names.has(name)) invalid('tools: Tool names must be unique.');
    names.add(name);
    if (!isMembers(schema)) invalid(`${path}.input_schema: Field required`);
    if (schema['type'] === undefined) invalid(`${path}.input_schema.type: Field required`);
    if (schema['type'] !== 'object') {
      invalid(`${path}.input_schema.type: Input should be 'object'`);
    }
  });
}

function checkMessages(messages: readonly unknown[]): void {
  if (messages.length === 0) invalid('messages: at least one message is required');
  let open: ReadonlySet<string> = new Set();
  messages.forEach((message, index) => {
    const path = `messages.${index}`;
    if (!isMembers(message)) invalid(`${path}: Input should be a valid dictionary`);
    const { role, content, ...extra } = message;
    const [strange] = Object.keys(extra);
    if (strange !== undefined) invalid(`${path}.${strange}: Extra inputs are not permitted`);
    if (role !== 'user' && role !== 'assistant' && role !== 'system') {
      invalid(`${path}.role: Input should be 'user', 'assistant' or 'system'`);
    }
    if (content === undefined) invalid(`${path}.content: Field required`);
    const blocks = blocksOf(content, path);
    const isLast = index === messages.length - 1;
    if (blocks.length === 0 && !(isLast && role === 'assistant')) {
      invalid(
        `${path}: all messages must have non-empty content except for the optional final assistant message`,
      );
    }
    open = checkBlocks(blocks, path, role, open);
  });
  if (open.size > 0) invalid(unanswered(messages.length, open));
}

/**
 * The content may be one text, which stands for a single text block; an empty text has no block.
 */
function blocksOf(content: unknown, path: string): readonly unknown[] {
  if (typeof content === 'string') return content === '' ? [] : [{ type: 'text', text: content }];
  if (!Array.isArray(content)) invalid(`${path}.content: Input should be a valid array`);
  return content;
}

/** Checks the blocks and returns the tool calls that the next message has to answer. */
function checkBlocks(
  blocks: readonly unknown[],
  path: string,
  role: string,
  open: ReadonlySet<string>,
): ReadonlySet<string> {
  const left = new Set(open);
  const calls = new Set<string>();
  blocks.forEach((block, index) => {
    const at = `${path}.content.${index}`;
    if (!isMembers(block)) invalid(`${at}: Input should be a valid dictionary`);
    switch (block['type']) {
      case 'text':
        return checkText(block, at);
      case 'tool_use':
        if (role !== 'assistant')
          invalid(`${path}: \`tool_use\` blocks can only be in \`assistant\` messages`);
        return checkToolUse(block, at, calls);
      case 'tool_result': {
        if (role !== 'user')
          invalid(`${path}: \`tool_result\` blocks can only be in \`user\` messages`);
        const id = block['tool_use_id'];
        if (typeof id !== 'string' || !open.has(id)) {
          invalid(
            `${at}: unexpected \`tool_use_id\` found in \`tool_result\` blocks: ${String(id)}. Each \`tool_result\` block must have a corresponding \`tool_use\` block in the previous message.`,
          );
        }
        left.delete(id);
        return checkResultContent(block['content'], at);
      }
      default:
        return;
    }
  });
  if (left.size > 0) invalid(unanswered(Number(path.split('.')[1]), left));
  return calls;
}

function unanswered(index: number, ids: ReadonlySet<string>): string {
  return `messages.${index - 1}: \`tool_use\` ids were found without \`tool_result\` blocks immediately after: ${[...ids].join(', ')}.`;
}

function checkToolUse({ id, name, input }: Members, at: string, calls: Set<string>): void {
  if (typeof id !== 'string' || !toolId.test(id)) {
    invalid(`${at}.tool_use.id: String should match pattern '${toolId.source}'`);
  }
  if (calls.has(id)) invalid('messages: `tool_use` ids must be unique');
  calls.add(id);
  if (typeof name !== 'string' || !toolName.test(name)) {
    invalid(`${at}.tool_use.name: String should match pattern '${toolName.source}'`);
  }
  if (!isMembers(input)) invalid(`${at}.tool_use.input: Input should be a valid dictionary`);
}

function checkResultContent(content: unknown, at: string): void {
  if (content === undefined || typeof content === 'string') return;
  const path = `${at}.tool_result.content`;
  if (!Array.isArray(content)) invalid(`${path}: Input should be a valid array`);
  // The other kinds are not checked here.
  checkTexts(
    content.filter((block) => !isMembers(block) || block['type'] === 'text'),
    path,
  );
}
