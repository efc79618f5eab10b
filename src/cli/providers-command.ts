/** `heddle providers`: the findings of the replicas about each gate, from the gates' rows. */
import Table from 'cli-table3';
import type { Command } from 'commander';
import type { Heddle } from '../heddle.ts';
import { withDatabaseFlags, type DatabaseFlags } from './database-flags.ts';
import { withHeddle } from './runs-commands.ts';
import { writerTo, type Streams } from './streams.ts';

type GateRow = Awaited<ReturnType<Heddle['runtime']['store']['providers']>>[number];

export function addProvidersCommand(program: Command, { stdout }: Streams): void {
  const say = writerTo(stdout);
  withDatabaseFlags(program.command('providers'))
    .description('show the providers that replicas have used: status, limit, calls in slots')
    .option('--json', 'one object per line')
    .action(async ({ json, ...flags }: DatabaseFlags & { readonly json?: boolean }) => {
      const rows = await withHeddle(flags, ({ runtime }) => runtime.store.providers());
      if (json === true) for (const row of rows) say(JSON.stringify(row));
      else say(rows.length === 0 ? 'No provider was used yet.' : gateTable(rows));
    });
}

function gateTable(rows: readonly GateRow[]): string {
  const head = ['provider', 'status', 'limit', 'ceiling', 'in use', 'on in', 'no relief'];
  const table = new Table({ head, style: { head: [], border: [] } });
  for (const row of rows) {
    const { gate, status, limit, ceiling, inUse, sharesCeilingWith } = row;
    table.push([gate, status, limit, ceiling, inUse, onIn(row), sharesCeilingWith.join(', ')]);
  }
  const faults = rows.flatMap(({ gate, lastFault }) =>
    lastFault === null ? [] : [`${gate}, ${agoText(lastFault.agoMs)} ago: ${lastFault.text}`],
  );
  return [table.toString(), ...(faults.length === 0 ? [] : ['Last faults:', ...faults])].join('\n');
}

function agoText(ms: number): string {
  const seconds = Math.round(ms / 1_000);
  if (seconds < 120) return `${seconds} s`;
  return seconds < 7_200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3_600)} h`;
}

function onIn({ status, coolForMs, probeInMs }: GateRow): string {
  if (status !== 'cooling' && status !== 'stalled') return '';
  return `${Math.ceil((status === 'cooling' ? coolForMs : probeInMs) / 1_000)} s`;
}
