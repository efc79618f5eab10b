/** `heddle providers`: the findings of the replicas about each gate, from the gates' rows. */
import type { Command } from 'commander';
import type { Provider } from '../client/index.ts';
import { apiCommand, withJsonFlags, type ApiFlags } from './api/api-flags.ts';
import { printList, tableOf } from './api/printed.ts';
import { withClient } from './api/with-client.ts';
import { writerTo, type Streams } from './streams.ts';

export function addProvidersCommand(program: Command, streams: Streams): void {
  const command = apiCommand(program, 'providers').description(
    'show the providers that replicas have used: status, limit, calls in slots',
  );
  withJsonFlags(command, 'the providers').action((flags: ApiFlags) => list(flags, streams));
  apiCommand(command, 'reopen <provider>')
    .description('reopen a parked or stalled provider, after its key or spend was mended')
    .option('--end-cooling', 'let calls go before the time that a 429 has asked for')
    .action(async (provider: string, own: ApiFlags & { readonly endCooling?: boolean }) => {
      // What stands before `reopen` is the outer command's.
      const flags = { ...command.opts<ApiFlags>(), ...own };
      const endsCooling = own.endCooling === true;
      await withClient(flags, ({ operator }) => operator.reopenProvider(provider, { endsCooling }));
      writerTo(streams.stderr)(`Provider ${provider} is reopened.`);
    });
  apiCommand(command, 'probe <provider>')
    .description('ask a stalled or parked provider now, with the next call that waits for it')
    .action(async (provider: string, own: ApiFlags) => {
      const flags = { ...command.opts<ApiFlags>(), ...own };
      await withClient(flags, ({ operator }) => operator.probeProvider(provider));
      writerTo(streams.stderr)(`Provider ${provider} is asked by the next call that waits for it.`);
    });
}

async function list(flags: ApiFlags, streams: Streams): Promise<void> {
  const found = await withClient(flags, ({ operator }) => operator.providers());
  printList(streams, flags, found, { text: gateTable, none: 'No provider was used yet.' });
}

function gateTable(rows: readonly Provider[]): string {
  const head = [
    'provider',
    'status',
    'limit',
    'ceiling',
    'in use',
    'in line',
    'on in',
    'no relief',
  ];
  const cells = rows.map((row) => {
    const { gate, status, limit, ceiling, inUse, line, sharesCeilingWith } = row;
    const shares = sharesCeilingWith.join(', ');
    return [gate, status, limit, ceiling, inUse, line.length, onIn(row), shares];
  });
  const faults = rows.flatMap(({ gate, lastFault }) =>
    lastFault === null ? [] : [`${gate}, ${agoText(lastFault.agoMs)} ago: ${lastFault.text}`],
  );
  const orders = rows.flatMap(({ gate, lastOrder }) =>
    lastOrder === null
      ? []
      : [`${gate}, ${agoText(lastOrder.agoMs)} ago: ${lastOrder.kind} by ${lastOrder.by}`],
  );
  return [
    tableOf(head, cells),
    ...(faults.length === 0 ? [] : ['Last faults:', ...faults]),
    ...(orders.length === 0 ? [] : ['Last orders:', ...orders]),
  ].join('\n');
}

function agoText(ms: number): string {
  const seconds = Math.round(ms / 1_000);
  if (seconds < 120) return `${seconds} s`;
  return seconds < 7_200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3_600)} h`;
}

function onIn({ status, coolForMs, probeInMs }: Provider): string {
  if (status !== 'cooling' && status !== 'stalled') return '';
  return `${Math.ceil((status === 'cooling' ? coolForMs : probeInMs) / 1_000)} s`;
}
