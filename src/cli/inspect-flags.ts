/** The flags of `heddle serve` about Stately's inspector. */
import type { Command } from 'commander';
import { refuseField } from '../domain/field.ts';
import type { InspectOptions } from '../server.ts';

export type InspectFlags = {
  readonly inspect?: boolean;
  readonly inspectContext?: boolean;
  readonly inspectRedact?: string;
};

export function withInspectFlags(command: Command): void {
  command
    .option('--inspect', 'let Stately’s inspector connect at /inspect, for this start')
    .option('--inspect-context', 'with --inspect: it may ask for contexts, events and outputs too')
    .option('--inspect-redact <names>', 'fields that are taken out of those, such as apiKey,email');
}

/** False: no inspector may connect. */
export function inspectOf(flags: InspectFlags): InspectOptions | false {
  const { inspect, inspectContext: context = false, inspectRedact } = flags;
  if (inspect === true) {
    const names = inspectRedact?.split(',').map((name) => name.trim()) ?? [];
    return { context, redact: names.filter((name) => name !== '') };
  }
  if (context) refuseField('--inspect-context', 'does nothing without --inspect');
  if (inspectRedact !== undefined)
    refuseField('--inspect-redact', 'does nothing without --inspect');
  return false;
}

export function inspectWords(url: string, { context }: InspectOptions): readonly string[] {
  const webSocket = `${url.replace(/^http/, 'ws')}/inspect?agent=NAME`;
  const what =
    context === true
      ? 'charts, states and, with &context=true, what runs hold'
      : 'charts, states and types of events';
  return [
    `heddle: Stately’s inspector may connect: ${webSocket} (or run=ID, user=NAME)`,
    `heddle: ${url}/inspect sends ${what} to stately.ai, when somebody says so there`,
  ];
}
