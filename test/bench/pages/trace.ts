/** What a trace of Chromium says of the page's own thread and its workers: how long each task took, and what was drawn. */
type TraceEvent = {
  readonly name: string;
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  readonly ts?: number;
  /** Thread CPU time, in µs. */
  readonly tdur?: number;
  readonly args?: { readonly name?: string; readonly data?: { readonly message?: string } };
};

export type Jobs = {
  /** CPU time of each task, in ms, of the page's thread and of its workers; the longest first. */
  readonly taskMs: { readonly page: readonly number[]; readonly worker: readonly number[] };
  /** How often the worker has drawn. */
  readonly draws: number;
  /** How long after its data a frame was drawn, in ms; for each drawing that had new data. */
  readonly drawnMs: readonly number[];
};

export function jobsOf(trace: Buffer): Jobs {
  const parsed = JSON.parse(trace.toString('utf8')) as { readonly traceEvents: TraceEvent[] };
  const events = parsed.traceEvents;
  const threads = new Map<string, string>();
  const of = ({ pid, tid }: TraceEvent): string => `${pid} ${tid}`;
  for (const event of events) {
    if (event.name === 'thread_name') threads.set(of(event), event.args?.name ?? '');
  }
  const tasksOf = (name: RegExp): number[] =>
    events
      .filter((event) => event.name === 'RunTask' && name.test(threads.get(of(event)) ?? ''))
      .map(({ tdur = 0 }) => tdur / 1_000)
      .toSorted((a, b) => b - a);
  const drawn = events
    .filter(({ name }) => name === 'TimeStamp')
    .toSorted((a, b) => (a.ts ?? 0) - (b.ts ?? 0))
    .flatMap(({ args }) => /^heddle drew ?(\d*)$/.exec(args?.data?.message ?? '')?.[1] ?? []);
  return {
    taskMs: { page: tasksOf(/^CrRendererMain/), worker: tasksOf(/^DedicatedWorker/) },
    draws: drawn.length,
    drawnMs: drawn.filter((ms) => ms !== '').map(Number),
  };
}
