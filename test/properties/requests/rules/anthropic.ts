/** The rules of Anthropic's `POST /v1/messages`: SDK types, documentation, and the refusals that people got. */
import { checkCacheMarks } from './anthropic-cache.ts';
import { checkExchanges } from './anthropic-exchanges.ts';
import { checkText, messagesIn } from './anthropic-messages.ts';
import { checkThinking, thinkingIn } from './anthropic-thinking.ts';
import {
  type Fields,
  fieldsAt,
  fullTextAt,
  isBlank,
  listAt,
  numberAt,
  oneOfAt,
  onlyFields,
  refusalBy,
  refuse,
  textAt,
  wholeAt,
} from './refusal.ts';
import { anthropicSubset, checkAnswerSchema, checkToolSchema } from './schemas.ts';

/** The sentence with which Anthropic refuses the body; null if it takes it. */
export function anthropicRefusal(body: unknown): string | null {
  return refusalBy(check, body);
}

const topFields =
  `model messages max_tokens stream system tools tool_choice stop_sequences temperature top_p
  top_k thinking output_config metadata service_tier cache_control`.split(/\s+/);
const imagesMax = 100;

function check(body: Fields): void {
  onlyFields(body, 'body', topFields);
  const model = fullTextAt(body['model'], 'model');
  wholeAt(body['max_tokens'], 'max_tokens', 1);
  if (body['temperature'] !== undefined) numberAt(body['temperature'], 'temperature', 0, 1);
  checkStops(body['stop_sequences']);
  checkSystem(body['system']);
  checkTools(body);
  checkOutput(body['output_config']);
  const how = thinkingIn(body);
  const messages = messagesIn(body);
  checkExchanges(messages);
  checkThinking(messages, model, how);
  checkCacheMarks(body);
  const images = JSON.stringify(body['messages']).split('"type":"image"').length - 1;
  if (images > imagesMax) refuse(`messages: too many images: ${images} > ${imagesMax}`);
}

function checkStops(stops: unknown): void {
  if (stops === undefined) return;
  listAt(stops, 'stop_sequences').forEach((stop, i) => {
    if (isBlank(textAt(stop, `stop_sequences.${i}`))) {
      refuse('stop_sequences: each stop sequence must contain non-whitespace');
    }
  });
}

function checkSystem(system: unknown): void {
  if (system === undefined) return;
  if (typeof system === 'string') {
    if (isBlank(system)) refuse('system: text content blocks must contain non-whitespace text');
    return;
  }
  listAt(system, 'system').forEach((block, i) => {
    const fields = fieldsAt(block, `system.${i}`);
    oneOfAt(fields['type'], `system.${i}.type`, ['text']);
    onlyFields(fields, `system.${i}`, ['type', 'text', 'cache_control', 'citations']);
    checkText(fields, `system.${i}`);
  });
}

const toolName = /^[a-zA-Z0-9_-]{1,128}$/;
const toolFields = ['type', 'name', 'description', 'input_schema', 'strict', 'cache_control'];

function checkTools({ tools, tool_choice: choice }: Fields): void {
  const names = listAt(tools ?? [], 'tools').map((one, i) => {
    const tool = fieldsAt(one, `tools.${i}`);
    onlyFields(tool, `tools.${i}`, toolFields);
    const name = textAt(tool['name'], `tools.${i}.custom.name`);
    if (!toolName.test(name)) {
      refuse(`tools.${i}.custom.name: String should match pattern '^[a-zA-Z0-9_-]{1,128}$'`);
    }
    if (tool['description'] !== undefined) textAt(tool['description'], `tools.${i}.description`);
    checkToolSchema(tool['input_schema'], `tools.${i}.custom.input_schema`);
    return name;
  });
  if (new Set(names).size < names.length) refuse('tools: Tool names must be unique.');
  if (choice === undefined) return;
  if (names.length === 0) refuse('tool_choice may only be specified while providing tools');
  const { type, name } = fieldsAt(choice, 'tool_choice');
  oneOfAt(type, 'tool_choice.type', ['auto', 'any', 'tool', 'none']);
  if (type === 'tool' && !names.includes(textAt(name, 'tool_choice.tool.name'))) {
    refuse(`tool_choice: Tool '${String(name)}' not found in provided tools`);
  }
}

const efforts = ['low', 'medium', 'high', 'xhigh', 'max'] as const;

function checkOutput(output: unknown): void {
  if (output === undefined) return;
  const { effort, format } = fieldsAt(output, 'output_config');
  if (effort !== undefined) oneOfAt(effort, 'output_config.effort', efforts);
  if (format === undefined) return;
  const { type, schema } = fieldsAt(format, 'output_config.format');
  oneOfAt(type, 'output_config.format.type', ['json_schema']);
  checkAnswerSchema(schema, 'output_config.format.schema', anthropicSubset);
}
