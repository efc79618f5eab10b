/**
 * The rows of the runs page. It owns the pages that were fetched; they stay where they are while runs change: a row is
 * changed in place, and runs that are new are counted until somebody asks for them.
 *
 * 1. An answer to an older question is dropped.
 * 2. Facets are asked for once a second at most, never while an answer is outstanding, and not while the tab is hidden.
 */
import { signal } from '@preact/signals';
import type { Client, Run, RunFacets, RunsFilter, StreamEvent } from '../../client/index.ts';
import { noteRefusal } from '../shell/ask.ts';

const pageRuns = 100;
const facetsMs = 1_000;

/** A row with what the stream tells beyond it. */
export type RunRow = Run & { readonly phase?: string | null; readonly provider?: string | null };

export class RunList {
  readonly rows = signal<readonly RunRow[]>([]);
  readonly facets = signal<RunFacets | null>(null);
  readonly trouble = signal<Error | null>(null);
  /** The rows are of an earlier question. */
  readonly isOld = signal(true);
  /** Runs that fit and are not among the rows. */
  readonly fresh = signal(0);
  readonly hasMore = signal(false);
  readonly #client: Client;
  #filter: RunsFilter = {};
  #cursor = '';
  #question = 0;
  #isFetching = false;
  readonly #fresh = new Set<string>();
  #facetsTimer: ReturnType<typeof setTimeout> | null = null;
  #facetsDue = false;
  #areFacetsAsked = false;

  constructor(client: Client) {
    this.#client = client;
  }

  ask(filter: RunsFilter): void {
    this.#filter = filter;
    this.#question += 1;
    this.#fresh.clear();
    this.fresh.value = 0;
    this.isOld.value = true;
    void this.#fetch(this.#question, '');
    this.#facetsSoon(0);
  }

  again(): void {
    this.ask(this.#filter);
  }

  /** The rows from here on are seen: fetches the next page when it is near. */
  seen(to: number): void {
    if (!this.hasMore.peek() || this.#isFetching || to < this.rows.peek().length - 30) return;
    void this.#fetch(this.#question, this.#cursor);
  }

  /** An event of the topic `runs`. */
  heard({ event, data }: StreamEvent): void {
    if (event !== 'reset' && event !== 'states') return;
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
    for (const [id, { fits }] of changes) if (fits !== false && id > newest) this.#fresh.add(id);
    this.fresh.value = this.#fresh.size;
    if (told.length > 0) this.#facetsSoon(facetsMs);
  }

  close(): void {
    this.#question += 1;
    if (this.#facetsTimer !== null) clearTimeout(this.#facetsTimer);
  }

  async #fetch(question: number, cursor: string): Promise<void> {
    this.#isFetching = true;
    try {
      const query = { ...this.#filter, limit: pageRuns, ...(cursor === '' ? {} : { cursor }) };
      const { items, cursor: next } = await this.#client.runs.list(query);
      if (question !== this.#question) return;
      this.rows.value = cursor === '' ? items : [...this.rows.peek(), ...items];
      this.#cursor = next;
      this.hasMore.value = next !== '';
      this.isOld.value = false;
      this.trouble.value = null;
      // A page may be empty and not be the last.
      if (items.length === 0 && next !== '') void this.#fetch(question, next);
    } catch (error) {
      if (question === this.#question) this.#failed(error);
    } finally {
      this.#isFetching = false;
    }
  }

  #failed(error: unknown): void {
    noteRefusal(error);
    this.trouble.value = error instanceof Error ? error : new Error(String(error));
  }

  #facetsSoon(waitMs: number): void {
    this.#facetsDue = true;
    if (this.#areFacetsAsked || this.#facetsTimer !== null) return;
    this.#facetsTimer = setTimeout(() => {
      this.#facetsTimer = null;
      if (document.hidden) return this.#facetsSoon(facetsMs);
      void this.#askFacets(this.#question);
    }, waitMs);
  }

  async #askFacets(question: number): Promise<void> {
    this.#facetsDue = false;
    this.#areFacetsAsked = true;
    const beganMs = performance.now();
    try {
      const facets = await this.#client.runs.facets(this.#filter);
      if (question === this.#question) this.facets.value = facets;
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
