/** The rules of `POST /chat/completions`: OpenAI's, and the stricter ones of servers that speak its protocol. */
import { checkMessages, openaiName } from './openai-messages.ts';
import {
  type Fields,
  fieldsAt,
  fullTextAt,
  listAt,
  numberAt,
  oneOfAt,
  onlyFields,
  refusalBy,
  refuse,
  textAt,
  wholeAt,
} from './refusal.ts';
import { checkAnswerSchema, checkToolSchema, openaiSubset } from './schemas.ts';

/** The sentence with which such a server refuses the body; null if it takes it. */
export function openaiRefusal(body: unknown): string | null {
  return refusalBy(check, body);
}

const topFields =
  `model messages stream stream_options max_tokens max_completion_tokens temperature top_p stop
  reasoning_effort tools tool_choice parallel_tool_calls response_format seed user`.split(/\s+/);
const stopsMax = 4;
const efforts = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh'] as const;

function check(body: Fields): void {
  onlyFields(body, 'body', topFields);
  fullTextAt(body['model'], 'model');
  const { max_tokens: most, max_completion_tokens: mostNew, stream_options: counted } = body;
  for (const max of [most, mostNew]) if (max !== undefined) wholeAt(max, 'max_tokens', 1);
  if (most !== undefined && mostNew !== undefined) refuse('max_tokens: is given twice');
  if (counted !== undefined && body['stream'] !== true) {
    refuse("The 'stream_options' parameter is only allowed when 'stream' is enabled.");
  }
  if (body['temperature'] !== undefined) numberAt(body['temperature'], 'temperature', 0, 2);
  const effort = body['reasoning_effort'];
  if (effort !== undefined) oneOfAt(effort, 'reasoning_effort', efforts);
  checkStops(body['stop']);
  checkTools(body);
  checkFormat(body['response_format']);
  checkMessages(listAt(body['messages'], 'messages'));
}

function checkStops(stop: unknown): void {
  if (stop === undefined) return;
  const stops = typeof stop === 'string' ? [stop] : listAt(stop, 'stop');
  if (stops.length > stopsMax) refuse("Invalid 'stop': array too long. Expected at most 4.");
  for (const one of stops) fullTextAt(one, 'stop');
}

const toolsMax = 128;

function checkTools({ tools, tool_choice: choice, parallel_tool_calls: parallel }: Fields): void {
  const list = listAt(tools ?? [], 'tools');
  if (tools !== undefined && list.length === 0) refuse("Invalid 'tools': empty array.");
  if (list.length > toolsMax) refuse("Invalid 'tools': array too long.");
  const names = list.map((one, i) => {
    const { type, function: offered } = fieldsAt(one, `tools[${i}]`);
    oneOfAt(type, `tools[${i}].type`, ['function']);
    const { name, description, parameters } = fieldsAt(offered, `tools[${i}].function`);
    if (description !== undefined) textAt(description, `tools[${i}].function.description`);
    if (!openaiName.test(textAt(name, `tools[${i}].function.name`))) {
      refuse(`Invalid 'tools[${i}].function.name': does not match pattern '^[a-zA-Z0-9_-]+$'.`);
    }
    checkToolSchema(parameters, `tools[${i}].function.parameters`);
    return name;
  });
  if (new Set(names).size < names.length) refuse('tools: two tools have one name');
  for (const [field, value] of Object.entries({ tool_choice: choice, parallel })) {
    if (value !== undefined && names.length === 0) {
      refuse(`'${field}' is only allowed when 'tools' are specified.`);
    }
  }
  if (choice === undefined) return;
  if (typeof choice === 'string') oneOfAt(choice, 'tool_choice', ['none', 'auto', 'required']);
  else {
    const { type, function: named } = fieldsAt(choice, 'tool_choice');
    oneOfAt(type, 'tool_choice.type', ['function']);
    const { name } = fieldsAt(named, 'tool_choice.function');
    if (!names.includes(name)) refuse(`Tool choice '${String(name)}' not found in 'tools'.`);
  }
}

function checkFormat(format: unknown): void {
  if (format === undefined) return;
  const { type, json_schema: given } = fieldsAt(format, 'response_format');
  const types = ['text', 'json_object', 'json_schema'] as const;
  if (oneOfAt(type, 'response_format.type', types) !== 'json_schema') return;
  const { name, schema, strict } = fieldsAt(given, 'response_format.json_schema');
  if (!openaiName.test(textAt(name, 'response_format.json_schema.name'))) {
    refuse("Invalid 'response_format.json_schema.name': does not match pattern.");
  }
  fieldsAt(schema, 'response_format.json_schema.schema');
  if (strict === true) checkAnswerSchema(schema, 'response_format', openaiSubset);
}
