/**
 * Time, randomness and ids are arguments. These are the runtime's only sources of them, so that a
 * simulation controls every instant. Postgres' clock, not this one, decides leases and deadlines.
 */
import type { CommitId, ReplicaId, RunId } from '../domain/ids.ts';

export interface Clock {
  /** Monotonic milliseconds; only differences mean something. */
  nowMs(): number;
  /** Calls `ring` once, after at least `delayMs`. The returned function cancels. */
  setTimer(delayMs: number, ring: () => void): () => void;
  /** Calls `run` after the work that is ready now, so that work which arrives together is gathered. */
  soon(run: () => void): void;
}

export interface Ids {
  run(): RunId;
  commit(): CommitId;
  replica(): ReplicaId;
  /** The name of bytes: their SHA-256 in hexadecimal. Here because turns and charts use no module of Node. */
  sha256(bytes: Uint8Array): string;
  /** 0 ≤ x < 1, for jitter. */
  random(): number;
}

/** The log that a host gives. It never gets prompts, payloads or keys. */
export interface Log {
  /** Things that are good to know. */
  info(message: string, facts?: Readonly<Record<string, unknown>>): void;
  /** Things that a person should look at. */
  warn(message: string, facts?: Readonly<Record<string, unknown>>): void;
}
