/**
 * Memory: entries and their chains of versions. It owns both tables.
 *
 * Invariants:
 * 1. An entry's versions are 1 to `newest` without gap; none is ever changed.
 * 2. Version n is written only on version n - 1.
 */
import { heddleError } from '../../domain/errors.ts';
import type { MemoryArrival, MemoryInsert } from '../batch.ts';
import type { FateOf } from '../fates.ts';
import type { MemoryRead, MemoryReadResult } from '../caller-port.ts';
import type { MemoryAddress, MemoryVersionRow } from '../rows.ts';
import type { Database } from './database.ts';
import { entryKey } from './stored-rows.ts';
import { join } from './table.ts';

function newestOf(db: Database, at: MemoryAddress): number {
  return db.tables.entries.get(entryKey(at))?.newest ?? 0;
}

export function addVersion(db: Database, insert: MemoryArrival): void {
  const { standsOn: _, onAny: __, request: ___, ...row } = insert;
  const { tenant, scope, owner, key, version } = row;
  db.tables.entries.put({ tenant, scope, owner, key, newest: version });
  db.tables.versions.put(Object.freeze({ ...row, createdAtMs: db.now() }));
}

/** The first write that does not stand on its entry's newest version, or null when all do. */
export function memoryConflict(db: Database, inserts: readonly MemoryInsert[]): string | null {
  const newest = new Map<string, number>();
  for (const insert of inserts) {
    const key = entryKey(insert);
    const actual = newest.get(key) ?? newestOf(db, insert);
    if (insert.version !== actual + 1) {
      return `memory ${insert.key} is at version ${actual}, not ${insert.version - 1}`;
    }
    newest.set(key, insert.version);
  }
  return null;
}

export function arriveMemory(db: Database, insert: MemoryArrival): FateOf['memory'] | null {
  const actual = newestOf(db, insert);
  const version = actual + 1;
  if (insert.version !== version) {
    if (insert.onAny === true) {
      addVersion(db, { ...insert, version });
      return { kind: 'renumbered', version };
    }
    const detail = { key: insert.key, actual, expected: insert.version - 1 };
    return { kind: 'refused', error: heddleError('memory-conflict', detail).toJSON() };
  }
  addVersion(db, insert);
  return null;
}

export function readMemory(db: Database, read: MemoryRead): MemoryReadResult {
  const newest = newestOf(db, read);
  const from = read.version ?? newest;
  const versions: MemoryVersionRow[] = [];
  for (let version = from; version >= 1 && version >= from - read.history; version--) {
    const row = db.tables.versions.get(join(entryKey(read), version));
    if (row === undefined) break;
    versions.push(row);
  }
  return { versions, newest };
}
