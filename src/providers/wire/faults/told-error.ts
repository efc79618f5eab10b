/** What a provider says about its refusal, in the body of the answer or inside the stream. */

/** Type and code decide the classification, and so does how a text of the provider's own begins. */
export type ToldError = {
  readonly type: string | null;
  readonly code: string | null;
  readonly text: string | null;
  /** A status inside the error: some gateways name one where the answer itself began well. */
  readonly status?: number | null;
  /** The body has not the form of an API's error. It is a page of a proxy, for example. */
  readonly isForeign?: boolean;
};

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const asText = (value: unknown): string | null =>
  typeof value === 'string' && value !== '' ? value : null;

/**
 * From `{error: {type, message, details: {error_code}}}` (Anthropic), `{error: {type, code, message}}` (chat
 * completions), `{error: "text"}` (Ollama), or the fields of such an error without `error` around them.
 * Anything else, such as a proxy's page, becomes the text.
 */
export function readToldError(body: string): ToldError {
  const parsed = parse(body);
  if (!isFields(parsed)) return { type: null, code: null, text: body, isForeign: true };
  const { error = parsed } = parsed;
  if (typeof error === 'string') return { type: null, code: null, text: error };
  return toldIn(error) ?? { type: null, code: null, text: body, isForeign: true };
}

/** The error in a value that has the form of one; null for any other. */
function toldIn(error: unknown): ToldError | null {
  if (!isFields(error)) return null;
  const { details, code, detail } = error;
  const text = asText(error['message']) ?? asText(detail);
  const type = asText(error['type']);
  if (text === null && type === null) return null;
  const isStatus = Number.isInteger(code) && Number(code) >= 300 && Number(code) <= 599;
  return {
    type,
    code: (isFields(details) ? asText(details['error_code']) : null) ?? asText(code),
    text,
    status: isStatus ? Number(code) : null,
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
