/** The pages on which Ollama describes itself and its models. */
import type { EmulatorScript } from '../script.ts';
import {
  invalid,
  isMembers,
  parseBody,
  WireRefusal,
  type WirePage,
  type WireReply,
} from '../wire.ts';

const jsonType = 'application/json; charset=utf-8';

/** The model on the list when the script names no models; calls may then name any model. */
const anyModel = 'emulated:latest';

export function plain(body: string, status = 200, type = jsonType): WireReply {
  const headers = ['content-type', type];
  return { status, headers, frames: [body], pieces: [], streamed: false };
}

export function checkModel(model: string, { models }: EmulatorScript): void {
  if (models === null || models.includes(model) || models.includes(`${model}:latest`)) return;
  throw new WireRefusal('not-found', `model '${model}' not found`);
}

const details = {
  parent_model: '',
  format: 'gguf',
  family: 'emulated',
  families: ['emulated'],
  parameter_size: '0B',
  quantization_level: 'Q4_0',
};

function listed(models: readonly string[], nowEpochMs: number, isLoaded: boolean) {
  return models.map((name) => ({
    name,
    model: name,
    size: 0,
    digest: '0'.repeat(64),
    details,
    ...(isLoaded
      ? { size_vram: 0, expires_at: new Date(nowEpochMs + 300_000).toISOString() }
      : { modified_at: new Date(0).toISOString() }),
  }));
}

export const ollamaPages: readonly WirePage[] = [
  { method: 'GET', path: '/', reply: () => plain('Ollama is running', 200, 'text/plain') },
  { method: 'GET', path: '/api/version', reply: () => plain('{"version":"0.15.0"}') },
  {
    method: 'GET',
    path: '/api/tags',
    reply: ({ script }, { nowEpochMs }) =>
      plain(JSON.stringify({ models: listed(script.models ?? [anyModel], nowEpochMs, false) })),
  },
  {
    method: 'GET',
    path: '/api/ps',
    // An emulated model is always loaded.
    reply: ({ script }, { nowEpochMs }) =>
      plain(JSON.stringify({ models: listed(script.models ?? [anyModel], nowEpochMs, true) })),
  },
  {
    method: 'POST',
    path: '/api/show',
    reply: ({ body, script }) => {
      const asked = parseBody(body);
      const model = isMembers(asked) ? (asked['model'] ?? asked['name']) : undefined;
      if (typeof model !== 'string' || model === '') invalid('model is required');
      checkModel(model, script);
      return plain(
        JSON.stringify({
          modelfile: '',
          parameters: '',
          template: '{{ .Prompt }}',
          details,
          model_info: {
            'general.architecture': 'emulated',
            'emulated.context_length': script.contextTokens ?? 131_072,
          },
          capabilities: ['completion', 'tools'],
          modified_at: new Date(0).toISOString(),
        }),
      );
    },
  },
];
