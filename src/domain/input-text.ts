/**
 * A run's input as its row has it. Rows of 0.1.0 say `null` for a run that was given none, and began it
 * with its chart's default parameters; so that still means absent, and an input that is null is written
 * in another way. Whoever only shows it can parse both.
 */
import type { Json } from './json.ts';

const absentText = 'null';
const nullText = ' null';

export function inputToText(input: Json | undefined): string {
  if (input === undefined) return absentText;
  return input === null ? nullText : JSON.stringify(input);
}

export function inputFromText(text: string): Json | undefined {
  return text === absentText ? undefined : (JSON.parse(text) as Json);
}
