/** What a provider says about its refusal, in the body of the answer or inside the stream. */

/** Type and code decide the classification; the text is for people. */
export type ToldError = {
  readonly type: string | null;
  readonly code: string | null;
  readonly text: string | null;
};

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const asText = (value: unknown): string | null => (typeof value === 'string' ? value : null);

/**
 * From `{error: {type, message, details: {error_code}}}` or `{error: "text"}`. Anything else, such as
 * a proxy's page, becomes the text.
 */
export function readToldError(body: string): ToldError {
  const parsed = parse(body);
  const error = isFields(parsed) ? parsed['error'] : undefined;
  if (!isFields(error)) return { type: null, code: null, text: asText(error) ?? body };
  const details = error['details'];
  return {
    type: asText(error['type']),
    code: isFields(details) ? asText(details['error_code']) : null,
    text: asText(error['message']),
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
