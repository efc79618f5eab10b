/**
 * A run's input as its row has it. A row of 0.1.0 says `null` for a run without input, and such a run began
 * with its chart's default parameters. So `null` still means absent, and an input that is null is written as
 * ` null`. Code that only shows the input can parse both.
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
