/** The figures as tables: always with the ratio to a yardstick of the same go. */
import { median, percentile, type Measured } from './workload.ts';

function circuitsPerS({ circuits, wallMs }: Measured): number {
  return (circuits / wallMs) * 1_000;
}

export function printTable(title: string, rows: readonly (readonly string[])[]): void {
  console.log(`\n${title}\n`);
  for (const [i, row] of rows.entries()) {
    console.log(`| ${row.join(' | ')} |`);
    if (i === 0) console.log(`|${row.map(() => '---').join('|')}|`);
  }
}

export function throughputRows(
  contenders: readonly (readonly Measured[])[],
  yardstick: string,
): string[][] {
  const base = contenders.find(([first]) => first?.contender === yardstick) ?? [];
  const basePerS = median(base.map(circuitsPerS));
  const header = ['contender', 'circuits/s', `ratio to ${yardstick}`, 'node CPU ms per circuit'];
  return [
    [...header, 'writing transactions per circuit', 'WAL bytes per circuit'],
    ...contenders.map((runs) => {
      const perS = median(runs.map(circuitsPerS));
      const per = (of: (run: Measured) => number | null): string => {
        const values = runs.map((run) => (of(run) ?? Number.NaN) / run.circuits);
        const value = median(values);
        return Number.isNaN(value) ? '–' : value < 10 ? value.toFixed(2) : value.toFixed(0);
      };
      return [
        runs[0]?.contender ?? '',
        perS.toFixed(0),
        `${(perS / basePerS).toFixed(2)}×`,
        per((run) => run.cpuMs),
        per((run) => run.transactions),
        per((run) => run.walBytes),
      ];
    }),
  ];
}

export function latencyText(runs: readonly Measured[]): string {
  const p50s = runs.map((run) => percentile(run.latenciesMs, 0.5));
  return `${median(p50s).toFixed(1)} ms`;
}
