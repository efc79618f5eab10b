/**
 * The system charts `provider` and `provider-slot`, compiled. Every status of a gate or slot comes
 * from them.
 */
import { heddleError } from '../../domain/errors.ts';
import { compileChart, type ChartTable } from '../../kernel/chart-table.ts';
import { slotMachine, type SlotStatus } from '../../../machines/provider-slot.ts';
import { providerMachine, type ProviderStatus } from '../../../machines/provider.ts';

const providerChart = compileChart(providerMachine);
const slotChart = compileChart(slotMachine);

export type ProviderEvent = Parameters<typeof providerChart.next>[1];
export type SlotEvent = Parameters<typeof slotChart.next>[1];

export const initialProviderStatus: ProviderStatus = providerChart.initial;
export const initialSlotStatus: SlotStatus = slotChart.initial;

export function nextProviderStatus(state: ProviderStatus, event: ProviderEvent): ProviderStatus {
  return next('provider', providerChart, state, event);
}

export function nextSlotStatus(state: SlotStatus, event: SlotEvent): SlotStatus {
  return next('provider-slot', slotChart, state, event);
}

/** Throws `illegal-transition` if the chart has no such transition. */
function next<State extends string, Event extends string>(
  chart: string,
  table: ChartTable<State, Event>,
  state: State,
  event: Event,
): State {
  const to = table.next(state, event);
  if (to === undefined) throw heddleError('illegal-transition', { chart, event, state });
  return to;
}
