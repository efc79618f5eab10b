/** `heddle circuits` in process beside `heddle circuits --url`, on one database, one after the other. */
import { defaultCircuits } from '../../../src/circuits/settings.ts';
import type { ScaleReport } from '../../../src/circuits/report.ts';
import { printTable } from '../report.ts';
import { median } from '../workload.ts';
import { heddleCommand, serverProcess } from './server-process.ts';

const circuits = 1_000;

type Way = (latencyMs: number) => Promise<ScaleReport>;

/** The first scale is for warmth alone. */
async function lastReport(...args: readonly string[]): Promise<ScaleReport> {
  const stdout = await heddleCommand('circuits', '--json', '--scale', `50,${circuits}`, ...args);
  const last = stdout.trim().split('\n').at(-1) ?? '';
  return JSON.parse(last) as ScaleReport;
}

export async function circuitsOverHttp(
  databaseUrl: string,
  { quick }: { readonly quick: boolean },
): Promise<void> {
  const inProcess: Way = (latencyMs) => {
    const stub = ['--provider', 'stub', '--latency-ms', String(latencyMs)];
    return lastReport(...stub, '--database-url', databaseUrl);
  };
  const overHttp: Way = async (latencyMs) => {
    const server = await serverProcess(databaseUrl, { latencyMs });
    try {
      return await lastReport('--url', server.url);
    } finally {
      await server.close();
    }
  };
  const rows: string[][] = [];
  for (const latencyMs of [0, defaultCircuits.latencyMs]) {
    const perS: [number[], number[]] = [[], []];
    for (let round = 0; round < (quick ? 1 : 3); round += 1) {
      perS[0].push((await inProcess(latencyMs)).circuits_per_s);
      perS[1].push((await overHttp(latencyMs)).circuits_per_s);
    }
    const [here, there] = [median(perS[0]), median(perS[1])];
    rows.push([
      `${latencyMs} ms`,
      here.toFixed(0),
      there.toFixed(0),
      `${(there / here).toFixed(2)}×`,
    ]);
  }
  const head = ['model latency', 'in process, circuits/s', 'over HTTP, circuits/s', 'ratio'];
  printTable(`${circuits} circuits at once, three POSTs each, beside the same in process`, [
    head,
    ...rows,
  ]);
}
