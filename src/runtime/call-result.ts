/** How a provider's answer and its refusal reach the chart. */
import type { GenerateOutput } from '../domain/catalogue.ts';
import { heddleError } from '../domain/errors.ts';
import { toJson, toSafeText, type Json } from '../domain/json.ts';
import { ProviderFault } from '../providers/port.ts';

/** A model's text comes from anywhere: what Postgres refuses is taken out, losses are refused. */
export function resultOf(output: GenerateOutput): Json {
  return toJson({ ...output, text: toSafeText(output.text) }, 'generate');
}

export function callError(provider: string, error: unknown): unknown {
  if (!(error instanceof ProviderFault)) return error;
  return heddleError('provider-refused', { provider, reason: error.message });
}
