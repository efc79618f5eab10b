/**
 * A thousand circuits on a quarter of the capacity that they want: the providers' part of the bench.
 * Two emulated providers in a process of their own, reached as real ones are, 120 calls at once each.
 */
import {
  emulatedRun,
  tenEach,
  unfairness,
  type EmulatedCase,
  type EmulatedResult,
  type Pair,
} from './emulated-run.ts';
import { printTable } from './report.ts';
import { median, percentile } from './workload.ts';

const ceilings = 240;
const outageMs = { inMs: 4_000, forMs: 30_000 };

const shortest = (calls: number, latencyMs: number): number => (calls / ceilings) * latencyMs;
const share = (value: number): string => value.toFixed(3);

export async function providers(
  databaseUrl: string,
  { quick, pair }: { readonly quick: boolean; readonly pair: Pair },
): Promise<void> {
  const run: Run = (of) => emulatedRun(databaseUrl, { names: pair, ...of });
  await warmUp(run, quick ? 1 : 4);
  await crowded(run, quick ? 1 : 3);
  await troubled(run, pair);
  await flooded(run);
  if (!quick) await loops(run);
}

type Case = Omit<EmulatedCase, 'names'>;
type Run = (of: Case) => Promise<EmulatedResult>;

/**
 * V8's helper threads compile beside the first thousands of circuits: after one short round 4.7 s
 * during the next and 1.5 s during the fourth, on two cores that Postgres and the emulators want too.
 * A process that runs for longer has that behind it. Calls last, so that all that such calls bring
 * about is compiled.
 */
async function warmUp(run: Run, rounds: number): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    await run({ told: round % 2 === 0, latencyMs: 100, users: tenEach(1_000) });
  }
}

async function crowded(run: Run, rounds: number): Promise<void> {
  const ways = [
    { name: 'ceilings told', told: true },
    { name: 'ceilings learned', told: false },
  ];
  const results = ways.map((): EmulatedResult[] => []);
  for (let round = 0; round < rounds; round++) {
    for (const [i, { told }] of ways.entries()) {
      results[i]?.push(await run({ told, latencyMs: 1_000, users: tenEach(1_000) }));
    }
  }
  const rows = [
    [
      '1,000 circuits, 1,000 ms a call',
      'completed',
      'slots in use while any call waits',
      'capacity efficiency',
      '429 per 1,000 calls',
      'p50 / wall',
      'slowest / median user',
    ],
    ...ways.map(({ name }, i) => [name, ...crowdedFigures(results[i] ?? [])]),
  ];
  printTable('Providers that are too small', rows);
}

/** The median of each figure; of the completed the fewest. */
function crowdedFigures(results: readonly EmulatedResult[]): string[] {
  const middle = (of: (result: EmulatedResult) => number): number => median(results.map(of));
  const p50 = ({ latencies }: EmulatedResult): number =>
    percentile(
      latencies.map(({ ms }) => ms),
      0.5,
    );
  return [
    String(Math.min(...results.map(({ completed }) => completed))),
    share(middle(({ slotUse }) => slotUse)),
    share(middle(({ wallMs }) => shortest(3_000, 1_000) / wallMs)),
    middle(({ rateLimited, calls }) => (rateLimited / calls) * 1_000).toFixed(1),
    share(middle((result) => p50(result) / result.wallMs)),
    middle(unfairness).toFixed(2),
  ];
}

/** What follows a 429 at random, and an outage of one provider or of both. */
async function troubled(run: Run, pair: Pair): Promise<void> {
  const users = tenEach(1_000);
  const out = (...of: readonly string[]) => ({
    outages: of.map((name) => ({ name, kind: 'refuse' as const, ...outageMs })),
  });
  const rows = [
    ['1,000 circuits', 'completed', 'failed', 'wall s', 'stalled', 'calls while out', 'full again'],
  ];
  const cases: readonly (readonly [string, Partial<Case>])[] = [
    ['15% of replies 429 at random', { emulated: { rateLimitedShare: 0.15 } }],
    ['one provider out for 30 s', { latencyMs: 2_000, emulated: out(pair[0]) }],
    ['both out for 30 s', { latencyMs: 2_000, emulated: out(...pair) }],
  ];
  for (const [name, of] of cases) {
    const result = await run({ told: true, latencyMs: 1_000, users, ...of });
    const isOut = (of.emulated?.outages ?? []).length > 0;
    rows.push([
      name,
      String(result.completed),
      String(result.failed),
      (result.wallMs / 1_000).toFixed(1),
      result.samples.some(({ providers: all }) => all.some(isStalled)) ? 'yes' : 'never',
      isOut ? String(callsWhileOut(result)) : '–',
      isOut ? fullAgain(result) : '–',
    ]);
  }
  printTable('Providers in trouble', rows);
}

const isStalled = ({ status }: { readonly status: string }): boolean => status === 'stalled';

/** To the first provider, after those had ended that were under way: its probes. */
function callsWhileOut({ samples }: EmulatedResult): number {
  const at = (ms: number): number =>
    samples.findLast(({ atMs }) => atMs <= ms)?.providers[0]?.calls ?? 0;
  const { inMs, forMs } = outageMs;
  return at(inMs + forMs - 100) - at(inMs + 3_000);
}

/** From the end of the outage until its slots are in use again, while calls wait. */
function fullAgain({ samples }: EmulatedResult): string {
  const endMs = outageMs.inMs + outageMs.forMs;
  const full = samples.find(
    ({ atMs, providers: all }) => atMs >= endMs && (all[0]?.calling ?? 0) >= 114,
  );
  return full === undefined ? 'not seen' : `after ${((full.atMs - endMs) / 1_000).toFixed(1)} s`;
}

/** Twenty users with five circuits each, alone and beside one with 900. */
async function flooded(run: Run): Promise<void> {
  const light = Array.from({ length: 100 }, (_, i) => `light${i % 20}`);
  const heavy = Array.from({ length: 900 }, () => 'heavy');
  const p95 = ({ latencies }: EmulatedResult): number =>
    percentile(
      latencies.flatMap(({ user, ms }) => (user === 'heavy' ? [] : ms)),
      0.95,
    );
  const of = { told: true, latencyMs: 1_000 };
  const alone = p95(await run({ ...of, users: light }));
  const beside = p95(await run({ ...of, users: [...heavy, ...light] }));
  printTable('A flood of 900 circuits by one user', [
    ['20 users with 5 circuits each', 'p95'],
    ['alone', `${(alone / 1_000).toFixed(2)} s`],
    ['beside the flood', `${(beside / 1_000).toFixed(2)} s, ${(beside / alone).toFixed(2)}×`],
  ]);
}

async function loops(run: Run): Promise<void> {
  const of = { told: true, latencyMs: 50, ceiling: 5_000, users: tenEach(1_000) };
  const charts = await run(of);
  const tools = await run({ ...of, mode: 'tool-loop' });
  printTable('Tool loops', [
    ['1,000 circuits, 50 ms a call, no ceiling', 'completed', 'calls', 'wall s', 'ratio'],
    ...[charts, tools].map(({ completed, calls, wallMs }, i) => [
      i === 0 ? 'statechart' : 'tool-loop',
      String(completed),
      String(calls),
      (wallMs / 1_000).toFixed(1),
      `${(wallMs / charts.wallMs).toFixed(2)}×`,
    ]),
  ]);
}
