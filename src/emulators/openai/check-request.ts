/**
 * The requests that OpenAI's chat completions refuse, in the API's own words: a fault of an adapter must show
 * against the emulator already, not first against the real API. The fields that heddle can send are
 * checked, and the names of all fields.
 */
import { invalid, isMembers, type Members } from '../wire.ts';
import { checkChatMessages } from './check-messages.ts';
import { checkToolName } from './check-name.ts';
import { checkResponseFormat } from './check-schema.ts';

/** The fields of OpenAI's SDK, and those of other servers that heddle's options can send. */
const known = new Set(
  `messages model audio frequency_penalty function_call functions logit_bias logprobs max_completion_tokens
  max_tokens metadata modalities moderation n parallel_tool_calls prediction presence_penalty
  prompt_cache_key prompt_cache_options prompt_cache_retention reasoning_effort response_format
  safety_identifier seed service_tier stop store stream stream_options temperature tool_choice tools
  top_logprobs top_p user verbosity web_search_options`.split(/\s+/),
);

const efforts = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh'];

export function checkChatRequest(body: Members): void {
  for (const name in body) {
    if (!known.has(name)) invalid(`Unrecognized request argument supplied: ${name}`);
  }
  const { model, messages, tools, stop, stream, temperature, reasoning_effort: effort } = body;
  if (typeof model !== 'string' || model === '') invalid('you must provide a model parameter');
  if (messages === undefined) invalid("Missing required parameter: 'messages'.");
  if (!Array.isArray(messages)) {
    invalid("Invalid type for 'messages': expected an array of objects.");
  }
  for (const name of ['max_tokens', 'max_completion_tokens']) checkCount(body, name);
  if (temperature !== undefined && !(Number(temperature) >= 0 && Number(temperature) <= 2)) {
    invalid("Invalid 'temperature': expected a value from 0 to 2.");
  }
  if (stream !== undefined && typeof stream !== 'boolean') {
    invalid("Invalid type for 'stream': expected a boolean.");
  }
  if (body['stream_options'] !== undefined && stream !== true) {
    invalid("The 'stream_options' parameter is only allowed when 'stream' is enabled.");
  }
  if (effort !== undefined && !efforts.some((known) => known === effort)) {
    invalid(
      `Invalid value: ${JSON.stringify(effort)}. Supported values are: ${efforts.join(', ')}.`,
    );
  }
  if (Array.isArray(stop) && stop.length > stopsMax) {
    invalid(
      `Invalid 'stop': array too long. Expected an array with maximum length ${stopsMax}, but got an array with length ${stop.length} instead.`,
    );
  }
  checkTools(tools, body);
  checkResponseFormat(body['response_format']);
  checkChatMessages(messages);
}

const stopsMax = 4;

function checkCount(body: Members, name: string): void {
  const value = body[name];
  if (value === undefined) return;
  if (!Number.isInteger(value)) invalid(`Invalid type for '${name}': expected an integer.`);
  if (Number(value) >= 1) return;
  invalid(
    `Invalid '${name}': integer below minimum value. Expected a value >= 1, but got ${JSON.stringify(value)} instead.`,
  );
}

function checkTools(tools: unknown, body: Members): void {
  if (tools === undefined) {
    for (const name of ['tool_choice', 'parallel_tool_calls']) {
      if (body[name] !== undefined) {
        invalid(`'${name}' is only allowed when 'tools' are specified.`);
      }
    }
    return;
  }
  if (!Array.isArray(tools) || tools.length === 0) {
    invalid("Invalid 'tools': expected an array with minimum length 1.");
  }
  const names = tools.map((tool: unknown, index) => {
    const made = isMembers(tool) && tool['type'] === 'function' ? tool['function'] : undefined;
    if (!isMembers(made)) invalid(`Missing required parameter: 'tools[${index}].function'.`);
    const parameters = made['parameters'];
    if (parameters !== undefined && !isMembers(parameters)) {
      invalid(`Invalid type for 'tools[${index}].function.parameters': expected an object.`);
    }
    return checkToolName(made['name'], `tools[${index}].function.name`);
  });
  const choice = body['tool_choice'];
  if (choice === undefined || ['none', 'auto', 'required'].some((word) => word === choice)) return;
  const chosen = isMembers(choice) && choice['type'] === 'function' ? choice['function'] : null;
  if (!isMembers(chosen) || !names.includes(String(chosen['name']))) {
    invalid("Invalid value for 'tool_choice': the function is not found in the 'tools' parameter.");
  }
}
