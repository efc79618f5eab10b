/**
 * The library's face: what a host can ask of its replica.
 *
 * It leaves what every caller can ask to caller/caller-heddle.ts, and its close to host/close-host.ts.
 *
 * 1. After `close` has begun, every call is refused as `closed`.
 */
import { allTenants } from '../access/scopes.ts';
import type { TenantScope } from '../domain/scope.ts';
import type { AgentSources } from '../runtime/agent-source.ts';
import type { Log } from '../runtime/ports.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { CallerHeddle } from './caller/caller-heddle.ts';
import { Door, type Caller } from './caller/door.ts';
import { closeHost } from './host/close-host.ts';

/**
 * A replica, as a host holds it. `Agents` is the type of the agents that `createHeddle` was given. Plain
 * `Heddle` is a replica whose agents are not known; any other may stand where a plain one is wanted.
 */
export class Heddle<out Agents extends AgentSources = AgentSources> extends CallerHeddle<Agents> {
  /** @internal For surfaces (command line, HTTP): not part of the library's promise. */
  readonly runtime: Runtime;
  readonly #door: Door;
  readonly #closeDatabase: () => Promise<void>;
  readonly #log: Log | undefined;
  #closing: Promise<void> | null = null;

  /** @internal */
  constructor(runtime: Runtime, closeDatabase: () => Promise<void>, log?: Log) {
    const door = new Door(runtime);
    // The process that hosts heddle could read the database itself.
    super(door, { scope: allTenants, by: 'library' });
    this.#door = door;
    this.runtime = runtime;
    this.#closeDatabase = closeDatabase;
    this.#log = log;
  }

  /**
   * @internal For surfaces: the same calls for a caller whose scope this is. A tenant that is not in it
   * is refused, whether it exists or not. `by` stands beside what the caller commands. With a
   * `request` the caller is that request and has one effect; one that is `claimed` may have several.
   */
  as(
    scope: TenantScope,
    by = 'library',
    asked: Pick<Caller, 'request' | 'claimed'> = {},
  ): CallerHeddle<Agents> {
    return new CallerHeddle(this.#door, { scope, by, ...asked });
  }

  /** @internal Throws `closed` after the close has begun. */
  checkOpen(): void {
    this.#door.open();
  }

  /**
   * Texts of models as they arrive, from all calls of this process: for display, not committed.
   * Subscribe before a call is made; nothing is kept for later subscribers.
   */
  get texts(): Runtime['texts']['texts']['all'] {
    return this.runtime.texts.texts.all;
  }

  /** As `texts`, with reasoning and tool calls: text, reasoning and tool calls as they arrive. */
  get deltas(): Runtime['texts']['deltas']['all'] {
    return this.runtime.texts.deltas.all;
  }

  /**
   * Lets turns in flight commit, gives the shards back, closes providers and the database. After 25 s it
   * warns and leaves the rest to itself; what was accepted is durable anyway.
   */
  close(): Promise<void> {
    this.#door.shut();
    const { runtime } = this;
    this.#closing ??= closeHost(runtime, runtime.close(), this.#closeDatabase, this.#log);
    return this.#closing;
  }
}
