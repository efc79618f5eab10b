/** A request as a line for a shell. The token is not in it: the line names the variable that holds it. */
import { HeddleRequestError, type FetchInit } from '../../client/index.ts';

/** Ends a command whose request is shown and not sent. */
export class CurlShown extends HeddleRequestError {
  readonly line: string;

  constructor(line: string) {
    super({
      code: 'shown',
      detail: 'The request is shown, not sent.',
      status: 0,
      retryable: false,
    });
    this.line = line;
  }
}

export function curlOf(url: string, { method, headers, body }: FetchInit): string {
  const parts = ['curl', '-sS', ...(method === 'GET' ? [] : ['-X', method]), quoted(url)];
  for (const [name, value] of Object.entries(headers)) {
    if (name === 'authorization') parts.push('-H', '"Authorization: Bearer $HEDDLE_TOKEN"');
    else if (name !== 'accept') parts.push('-H', quoted(`${name}: ${value}`));
  }
  if (body !== undefined) parts.push('-d', quoted(body));
  return parts.join(' ');
}

/** As one word of a POSIX shell. */
const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;
