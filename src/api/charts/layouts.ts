/**
 * Charts are laid out by elkjs, an optional dependency, in a worker thread: it is synchronous, may take seconds and
 * may never return.
 *
 * It owns the thread, and what was laid out before. It leaves to its callers what a chart holds.
 *
 * 1. A direction has `directionMs`, a chart `chartMs`; a thread that is over its time is ended, and the next chart
 *    gets a new one. Nothing else in the process waits for it.
 * 2. What was laid out is kept by definition, and what could not be as well: it is not tried again; what took too long,
 *    on a machine that may have had much to do, not before `lateAgainMs`.
 * 3. One chart is laid out at a time, and at most `waitingMax` wait for it.
 * 4. A chart that is seen whole in one direction is not laid out in the other.
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { ElkNode } from 'elkjs/lib/elk-api.js';
import type { ChartPlan } from '../../domain/chart-plan.ts';
import { drawnChart, type DrawnChart } from './drawn-chart.ts';
import { layoutGraph, type Direction } from './layout-graph.ts';
import { warmUpPlan } from './warm-up.ts';

export type LaidOut =
  | { readonly kind: 'drawn'; readonly chart: DrawnChart }
  | { readonly kind: 'outline'; readonly why: string };

export type LayoutSettings = {
  readonly directionMs: number;
  readonly chartMs: number;
  /** What took too long is tried again after so long. */
  readonly lateAgainMs: number;
  /** The module that lays out; null: it is not installed. */
  readonly elkPath: string | null;
};

const keptMax = 500;
const waitingMax = 32;
/** elkjs may say much. */
const troubleCharsMax = 160;
/** Beyond this a drawing shows nothing that an outline does not show better. */
const nodesMax = 300;

export const layoutSettings = (): LayoutSettings => ({
  directionMs: 5_000,
  chartMs: 8_000,
  lateAgainMs: 60_000,
  elkPath: installedElk(),
});

/** Beside heddle; where the application is bundled, where it runs. */
function installedElk(): string | null {
  for (const from of [import.meta.url, join(process.cwd(), 'any')]) {
    try {
      return createRequire(from).resolve('elkjs/lib/elk.bundled.js');
    } catch {
      // It is optional.
    }
  }
  return null;
}

/** As text, so that it is the same from a checkout and from the package. */
const program = `
const { parentPort, workerData } = require('node:worker_threads');
const elk = new (require(workerData.elkPath))();
parentPort.on('message', ({ graph }) => {
  elk.layout(graph).then(
    (laidOut) => parentPort.postMessage({ laidOut }),
    (error) => parentPort.postMessage({ trouble: String(error && error.message || error) }),
  );
});
`;

type Told = { readonly laidOut: ElkNode } | { readonly trouble: string; readonly isLate?: boolean };

/** What is kept of a chart, and until when. */
type Kept = { readonly laidOut: LaidOut; readonly untilMs: number };

export class Layouts {
  readonly #settings: LayoutSettings;
  readonly #kept = new Map<string, Kept>();
  #worker: Worker | null = null;
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  #isClosed = false;
  /** The thread is warm, or will be. */
  #isWarm = false;

  constructor(settings: LayoutSettings = layoutSettings()) {
    this.#settings = settings;
  }

  /** `key`: what the plan was made of. `direction`: null takes the one that fits a page better. */
  async of(key: string, plan: ChartPlan, isNarrow: boolean): Promise<LaidOut> {
    const id = idOf(key, isNarrow);
    const kept = this.#keptNow(id);
    if (kept !== null) return kept;
    const { elkPath } = this.#settings;
    if (elkPath === null) return outline('elkjs is not installed; npm install elkjs');
    if (plan.nodes.length > nodesMax) return outline(`it has ${plan.nodes.length} states`);
    if (this.#waiting >= waitingMax) return outline('many charts are being laid out; ask again');
    this.#waiting += 1;
    const turn = this.#last.then(
      () => this.#keptNow(id) ?? this.#layOut(id, plan, { elkPath, isNarrow }),
    );
    this.#last = turn.catch(() => undefined);
    try {
      return await turn;
    } finally {
      this.#waiting -= 1;
    }
  }

  /**
   * Begins the thread, and lays out a chart of nobody's: elkjs takes longer to be loaded and compiled than most charts
   * take then. For when somebody has come who may soon look at a chart.
   */
  warm(): void {
    const { elkPath, directionMs } = this.#settings;
    if (elkPath === null || this.#isWarm) return;
    this.#isWarm = true;
    this.#last = this.#last
      .then(() => {
        if (this.#worker !== null || this.#isClosed) return undefined;
        return this.#ask(layoutGraph(warmUpPlan(), 'DOWN'), elkPath, directionMs);
      })
      // Where no thread can be begun, a chart that is asked for says so.
      .catch(() => {
        this.#isWarm = false;
      });
  }

  /** What was laid out before. */
  kept(key: string, isNarrow: boolean): LaidOut {
    return this.#kept.get(idOf(key, isNarrow))?.laidOut ?? outline('it is not laid out yet');
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#end();
  }

  #keptNow(id: string): LaidOut | null {
    const kept = this.#kept.get(id);
    return kept === undefined || performance.now() >= kept.untilMs ? null : kept.laidOut;
  }

  #keep(id: string, laidOut: LaidOut, isLate: boolean): void {
    if (this.#isClosed) return;
    const untilMs = isLate ? performance.now() + this.#settings.lateAgainMs : Infinity;
    this.#kept.set(id, { laidOut, untilMs });
    for (const [oldest] of this.#kept) {
      if (this.#kept.size <= keptMax) break;
      this.#kept.delete(oldest);
    }
  }

  async #layOut(
    id: string,
    plan: ChartPlan,
    { elkPath, isNarrow }: { readonly elkPath: string; readonly isNarrow: boolean },
  ): Promise<LaidOut> {
    const untilMs = performance.now() + this.#settings.chartMs;
    const directions: readonly Direction[] = isNarrow ? ['DOWN'] : ['DOWN', 'RIGHT'];
    const drawn: DrawnChart[] = [];
    let why = 'it could not be laid out';
    let isLate = false;
    for (const direction of directions) {
      const leftMs = Math.min(this.#settings.directionMs, untilMs - performance.now());
      if (leftMs <= 0 || this.#isClosed) break;
      const told = await this.#ask(layoutGraph(plan, direction), elkPath, leftMs);
      if ('laidOut' in told) drawn.push(drawnChart(plan, told.laidOut, direction));
      else {
        why = told.trouble.slice(0, troubleCharsMax);
        isLate ||= told.isLate === true;
      }
      if (drawn.some((one) => fit(one) === 1)) break;
    }
    const [best] = drawn.toSorted((a, b) => fit(b) - fit(a));
    const laidOut: LaidOut = best === undefined ? outline(why) : { kind: 'drawn', chart: best };
    this.#keep(id, laidOut, best === undefined && isLate);
    return laidOut;
  }

  #ask(graph: ElkNode, elkPath: string, waitMs: number): Promise<Told> {
    const worker = (this.#worker ??= this.#begin(elkPath));
    return new Promise((resolve) => {
      // Its own listeners alone: who ends the thread listens for its end as well, and waits for it.
      const done = (told: Told): void => {
        clearTimeout(timer);
        worker.off('message', done).off('error', failed).off('exit', ended);
        resolve(told);
      };
      const given = (trouble: string, isLate = false): void => {
        void this.#end();
        done({ trouble, isLate });
      };
      const failed = (error: Error): void => given(`elkjs failed: ${error.message.slice(0, 200)}`);
      const ended = (): void => given('elkjs ended');
      const timer = setTimeout(
        () => given(`no layout within ${Math.round(waitMs)} ms`, true),
        waitMs,
      );
      worker.on('message', done).on('error', failed).on('exit', ended);
      worker.postMessage({ graph });
    });
  }

  #begin(elkPath: string): Worker {
    const worker = begun(elkPath);
    // One that ends while nothing is asked of it: the next chart gets another.
    worker.on('exit', () => {
      if (this.#worker === worker) void this.#end();
    });
    return worker;
  }

  async #end(): Promise<void> {
    const worker = this.#worker;
    this.#worker = null;
    this.#isWarm = false;
    await worker?.terminate();
  }
}

function begun(elkPath: string): Worker {
  const worker = new Worker(program, {
    eval: true,
    workerData: { elkPath },
    resourceLimits: { maxOldGenerationSizeMb: 256 },
  });
  // A server that has nothing else to do may end.
  worker.unref();
  // What it fails of while nothing is asked of it would end the process; that it ends is seen.
  worker.on('error', () => undefined);
  return worker;
}

const idOf = (key: string, isNarrow: boolean): string => `${isNarrow ? 'narrow' : 'wide'} ${key}`;

const outline = (why: string): LaidOut => ({ kind: 'outline', why });

/** How large it can be shown on a usual page: 960 by 500 px. */
const fit = ({ width, height }: DrawnChart): number => Math.min(1, 960 / width, 500 / height);
