/** Names and ids as OpenAI takes them. */
import { invalid } from '../wire.ts';

const namePattern = /^[a-zA-Z0-9_-]+$/;
const nameCharsMax = 64;

export function checkToolName(name: unknown, path: string): string {
  if (typeof name !== 'string' || name === '') invalid(`Missing required parameter: '${path}'.`);
  if (!namePattern.test(name)) {
    invalid(
      `Invalid '${path}': string does not match pattern. Expected a string that matches the pattern '${namePattern.source}'.`,
    );
  }
  checkLength(name, nameCharsMax, path);
  return name;
}

export function checkLength(text: string, charsMax: number, path: string): void {
  if (text.length <= charsMax) return;
  invalid(
    `Invalid '${path}': string too long. Expected a string with maximum length ${charsMax}, but got a string with length ${text.length} instead.`,
  );
}
