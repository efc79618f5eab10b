/** Results as a command prints them: for people, as one JSON document, or as JSON line by line. */
import Table from 'cli-table3';
import { writerTo, type Streams } from '../streams.ts';

type JsonFlags = { readonly json?: boolean; readonly jsonl?: boolean };

/** An empty list is `[]` with --json, nothing with --jsonl, and for people a sentence on standard error. */
export function printList<Item>(
  { stdout, stderr }: Streams,
  flags: JsonFlags,
  items: readonly Item[],
  { text, none }: { readonly text: (items: readonly Item[]) => string; readonly none: string },
): void {
  const show = writerTo(stdout);
  if (flags.json === true) show(JSON.stringify(items, null, 2));
  else if (flags.jsonl === true) for (const item of items) show(JSON.stringify(item));
  else if (items.length === 0) writerTo(stderr)(none);
  else show(harmless(text(items)));
}

/**
 * A terminal obeys control characters, and names, questions and faults are what others wrote: for people none is
 * printed but the line break. JSON has them as they are.
 */
export const harmless = (text: string): string =>
  text.replaceAll(/\p{Cc}/gu, (sign) => (sign === '\n' ? sign : '\uFFFD'));

export function printOne<Item>(
  { stdout }: Streams,
  flags: JsonFlags,
  item: Item,
  text: (item: Item) => string,
): void {
  const show = writerTo(stdout);
  if (flags.json === true) show(JSON.stringify(item, null, 2));
  else show(flags.jsonl === true ? JSON.stringify(item) : text(item));
}

export type Cell = string | number;

export function tableOf(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const table = new Table({ head: [...head], style: { head: [], border: [] } });
  for (const row of rows) table.push(row.map((cell) => harmless(String(cell))));
  return table.toString();
}

/** Names and values in two columns; what is null or undefined is left out. */
export function fieldsText(fields: Readonly<Record<string, unknown>>): string {
  const shown = Object.entries(fields).filter(([, value]) => value !== null && value !== undefined);
  const width = Math.max(...shown.map(([name]) => name.length));
  return shown
    .map(([name, value]) => {
      const text = typeof value === 'string' ? value : JSON.stringify(value);
      return `${name.padEnd(width)}  ${harmless(text)}`;
    })
    .join('\n');
}

export const iso = (ms: number): string => new Date(ms).toISOString();
