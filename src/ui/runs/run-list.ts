/**
 * The rows of the runs page. It owns the pages that were fetched; they stay where they are while runs change: a row is
 * changed in place, and runs that are new are counted until somebody asks for them.
 *
 * 1. An answer to an older question is dropped, and so is a second one for the same page.
 * 2. Facets are asked for once a second at most, never while an answer is outstanding, and not while the tab is hidden.
 * 3. Where word was lost, rows may stand for what runs were before: those that are there are read again, in whole.
 */
import { signal } from '@preact/signals';
import type { Client, ListedRun, Run, RunFacets, StreamEvent } from '../../client/index.ts';
import { mayBeFresh, topicOf } from './fresh.ts';
import type { RunsMeant } from './search-words.ts';

const pageRuns = 100;
/** What the API gives at once. */
const rereadMax = 1_000;
const facetsMs = 1_000;
/** Beyond that it is told that there are more. */
export const freshMax = 10_000;

/** A row with what the stream tells beyond it. */
export type RunRow = Run & { readonly phase?: string | null; readonly provider?: string | null };

type Surroundings = {
  /** Told of every error of the API's. */
  readonly refused: (error: unknown) => void;
  readonly isHidden: () => boolean;
};

/** A list knows where a run's calls stand, as the stream does. */
const rowOf = ({ call, ...run }: ListedRun): RunRow =>
  call === undefined ? run : { ...run, phase: call.phase, provider: call.provider };

export class RunList {
  readonly rows = signal<readonly RunRow[]>([]);
  /** Nobody counts phases: with one in the search these count the runs that are in any. */
  readonly facets = signal<RunFacets | null>(null);
  readonly trouble = signal<Error | null>(null);
  /** The rows are of an earlier question. */
  readonly isOld = signal(true);
  /** The facets are of an earlier question. */
  readonly areFacetsOld = signal(true);
  /** Runs that fit and are not among the rows; `freshMax` at most. */
  readonly fresh = signal(0);
  readonly hasMore = signal(false);
  readonly #client: Client;
  readonly #around: Surroundings;
  #filter: RunsMeant = {};
  #cursor = '';
  #question = 0;
  /** The fetch that is under way; null: none. */
  #fetching: symbol | null = null;
  /** What the stream follows, and whether it has told its beginning. */
  #topic = '';
  #hasReset = false;
  #isRereadDue = false;
  readonly #fresh = new Set<string>();
  #facetsTimer: ReturnType<typeof setTimeout> | null = null;
  #facetsDue = false;
  #areFacetsAsked = false;

  constructor(client: Client, around: Surroundings) {
    this.#client = client;
    this.#around = around;
  }

  ask(filter: RunsMeant): void {
    const topic = JSON.stringify(topicOf(filter));
    if (topic !== this.#topic) this.#hasReset = false;
    this.#topic = topic;
    this.#filter = filter;
    this.isOld.value = true;
    this.areFacetsOld.value = true;
    this.hasMore.value = false;
    this.#begin(pageRuns);
  }

  again(): void {
    this.ask(this.#filter);
  }

  #begin(limit: number): void {
    this.#question += 1;
    this.#isRereadDue = false;
    this.#fresh.clear();
    this.fresh.value = 0;
    void this.#fetch(this.#question, '', limit);
    this.#facetsSoon(this.areFacetsOld.peek() ? 0 : facetsMs);
  }

  #lost(): void {
    if (this.#fetching === null) this.#reread();
    else this.#isRereadDue = true;
  }

  /** As many rows as are there. */
  #reread(): void {
    const pages = Math.max(1, Math.ceil(this.rows.peek().length / pageRuns));
    this.#begin(Math.min(rereadMax, pages * pageRuns));
  }

  /** The rows from here on are seen: fetches the next page when it is near. */
  seen(to: number): void {
    if (!this.hasMore.peek() || this.#fetching !== null) return;
    if (to < this.rows.peek().length - 30) return;
    void this.#fetch(this.#question, this.#cursor, pageRuns);
  }

  /** An event of the topic `runs`. */
  heard({ event, data }: StreamEvent): void {
    if (event !== 'reset' && event !== 'states') return;
    if (event === 'reset') {
      // The first one is the beginning. A later one names open runs alone: what has ended meanwhile it does not tell.
      if (this.#hasReset) return this.#lost();
      this.#hasReset = true;
    }
    const told = (data['runs'] ?? []) as unknown as readonly (RunRow & {
      runId: string;
      fits?: boolean;
    })[];
    const changes = new Map(told.map((run) => [run.runId, run]));
    let hasChanged = false;
    const rows = this.rows.peek().map((row) => {
      const change = changes.get(row.id);
      if (change === undefined) return row;
      changes.delete(row.id);
      if (change.turn < row.turn) return row;
      hasChanged = true;
      const { status, reason, turn, endedAtMs, phase, provider } = change;
      return {
        ...row,
        status,
        reason,
        turn,
        endedAtMs,
        phase: phase ?? null,
        provider: provider ?? null,
      };
    });
    if (hasChanged) this.rows.value = rows;
    const newest = this.rows.peek()[0]?.id ?? '';
    for (const [id, { fits, phase = null }] of changes) {
      if (this.#fresh.size >= freshMax) break;
      if (fits === false || id <= newest || !mayBeFresh(this.#filter, { id, phase })) continue;
      this.#fresh.add(id);
    }
    this.fresh.value = this.#fresh.size;
    if (told.length > 0) this.#facetsSoon(facetsMs);
  }

  close(): void {
    this.#question += 1;
    if (this.#facetsTimer !== null) clearTimeout(this.#facetsTimer);
  }

  async #fetch(question: number, cursor: string, limit: number): Promise<void> {
    const own = Symbol();
    this.#fetching = own;
    try {
      const query = { ...this.#filter, limit, ...(cursor === '' ? {} : { cursor }) };
      const { items, cursor: next } = await this.#client.runs.list(query);
      if (this.#fetching !== own || question !== this.#question) return;
      const rows = items.map(rowOf);
      this.rows.value = cursor === '' ? rows : [...this.rows.peek(), ...rows];
      const newest = this.rows.peek()[0]?.id ?? '';
      for (const id of this.#fresh) if (id <= newest) this.#fresh.delete(id);
      this.fresh.value = this.#fresh.size;
      this.#cursor = next;
      this.hasMore.value = next !== '';
      this.isOld.value = false;
      this.trouble.value = null;
      // A page may be empty and not be the last.
      if (items.length === 0 && next !== '') void this.#fetch(question, next, limit);
    } catch (error) {
      if (question === this.#question) this.#failed(error);
    } finally {
      if (this.#fetching === own) {
        this.#fetching = null;
        if (this.#isRereadDue && question === this.#question) this.#reread();
      }
    }
  }

  #failed(error: unknown): void {
    this.#around.refused(error);
    this.trouble.value = error instanceof Error ? error : new Error(String(error));
  }

  #facetsSoon(waitMs: number): void {
    this.#facetsDue = true;
    if (this.#areFacetsAsked || this.#facetsTimer !== null) return;
    this.#facetsTimer = setTimeout(() => {
      this.#facetsTimer = null;
      if (this.#around.isHidden()) return this.#facetsSoon(facetsMs);
      void this.#askFacets(this.#question);
    }, waitMs);
  }

  async #askFacets(question: number): Promise<void> {
    this.#facetsDue = false;
    this.#areFacetsAsked = true;
    const beganMs = performance.now();
    try {
      const { phase: _, ...counted } = this.#filter;
      const facets = await this.#client.runs.facets(counted);
      if (question !== this.#question) return;
      this.facets.value = facets;
      this.areFacetsOld.value = false;
      if (!this.isOld.peek()) this.trouble.value = null;
    } catch (error) {
      if (question === this.#question) this.#failed(error);
    } finally {
      this.#areFacetsAsked = false;
      // Slow questions are asked less often.
      const spentMs = performance.now() - beganMs;
      if (this.#facetsDue) this.#facetsSoon(Math.max(facetsMs, 4 * spentMs));
    }
  }
}
