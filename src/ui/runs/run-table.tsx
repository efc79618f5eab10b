/** The rows of the list; only those that are seen stand in the document. */
import type { JSX } from 'preact';
import { State } from '../look/glyph.tsx';
import { lookOf, words } from '../look/states.ts';
import { duration, instant, nowMs } from '../look/time.ts';
import { VirtualRows } from '../look/virtual-rows.tsx';
import { pageAt } from '../shell/router.ts';
import type { RunList, RunRow } from './run-list.ts';
import type { Selection } from './selection.ts';

export function RunTable({
  list,
  selection,
}: {
  readonly list: RunList;
  readonly selection: Selection;
}): JSX.Element {
  const rows = list.rows.value;
  return (
    <div
      role="table"
      aria-label="Runs"
      aria-rowcount={rows.length}
      class={list.isOld.value ? 'is-old' : ''}
    >
      <div role="row" class="run-row run-row-head">
        {['', 'state', 'run', 'agent', 'user', 'pipeline', 'turn', 'age', 'waits for, or why'].map(
          (name) => (
            <span
              key={name}
              role="columnheader"
              class={name === 'turn' || name === 'age' ? 'right' : ''}
            >
              {name}
            </span>
          ),
        )}
      </div>
      <VirtualRows
        count={rows.length}
        label="Runs"
        current={selection.current}
        seen={(_, to) => list.seen(to)}
        render={(at) => {
          const row = rows[at];
          return row === undefined ? null : (
            <Row row={row} isCurrent={at === selection.current} selection={selection} />
          );
        }}
      />
    </div>
  );
}

function Row({
  row,
  isCurrent,
  selection,
}: {
  readonly row: RunRow;
  readonly isCurrent: boolean;
  readonly selection: Selection;
}): JSX.Element {
  const { id, agent, user, pipeline, turn, status, phase, createdAtMs, endedAtMs } = row;
  const look = lookOf(status, phase);
  const isSelected = selection.ids.has(id);
  const kind = [isCurrent ? 'is-current' : '', isSelected ? 'is-selected' : ''].join(' ');
  return (
    <div role="row" class={`run-row ${kind}`} aria-selected={isSelected}>
      <span role="cell">
        <input
          type="checkbox"
          aria-label={`Select ${id}`}
          checked={isSelected}
          onChange={() => selection.toggle(id)}
        />
      </span>
      <span role="cell">
        <State look={look} text={status} />
      </span>
      <span role="cell" class="mono">
        <a href={pageAt(['runs', id])} title={id}>
          …{id.slice(-12)}
        </a>
      </span>
      <span role="cell">{agent}</span>
      <span role="cell">{user}</span>
      <span role="cell">{pipeline}</span>
      <span role="cell" class="right">
        {turn}
      </span>
      <span role="cell" class="right" title={endedAtMs === null ? 'its age' : 'it took so long'}>
        {duration((endedAtMs ?? nowMs.value) - createdAtMs)}
      </span>
      <span role="cell" class="quiet">
        {waitsFor(row)}
      </span>
    </div>
  );
}

function waitsFor({ status, phase, provider, reason, code, endedAtMs }: RunRow): string {
  if (code !== null) return `${code}${reason === null ? '' : `: ${reason}`}`;
  if (reason === null && endedAtMs !== null) return `ended ${instant(endedAtMs)}`;
  if (status === 'calling-provider') {
    if (phase === 'in-slot') return `in a slot of ${provider ?? 'a provider'}`;
    if (phase === 'waits-for-slot') return 'waits for a slot';
    if (phase === 'answered') return 'answered; its turn is due';
  }
  return reason ?? (status in words ? '' : status);
}
