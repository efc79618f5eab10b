/** One turn: what it took, where it led, what the model was asked and said, what it changed. */
import type { JSX } from 'preact';
import { useRef } from 'preact/hooks';
import { State } from '../look/glyph.tsx';
import { lookOf } from '../look/states.ts';
import { costWords } from '../look/amounts.ts';
import { Payload } from '../look/payload.tsx';
import { duration, instant } from '../look/time.ts';
import type { Attempt, RunSnapshot, TracedTurn, TurnEntry } from '../../client/index.ts';
import { ChangeList } from './change-list.tsx';
import { contextDiff } from './context-diff.ts';
import type { TurnStore } from './turns/turn-store.ts';

/** The whole stands below. */
const quotedChars = 2_000;

type Props = { readonly store: TurnStore; readonly turn: number };

export function TurnDetail({ store, turn: wanted }: Props): JSX.Element {
  // Until the turn is there the one before it stays: the forms below would jump under a click.
  const seen = useRef(wanted);
  if (store.turn(wanted) !== null) seen.current = wanted;
  const turn = seen.current;
  const line = store.turn(turn);
  const snapshot = store.snapshot(turn);
  const before = turn === 1 ? null : store.snapshot(turn - 1);
  const page = store.page(turn);
  if (line === null) return <p class="quiet">Turn {turn} …</p>;
  const attempts = (page?.attempts ?? []).filter((one) => one.turn === turn);
  return (
    <section aria-busy={turn !== wanted}>
      <div class="turn-head">
        <h1>Turn {turn}</h1>
        <span class="quiet">{instant(line.atMs)}</span>
        {line.status !== null && <State look={lookOf(line.status, null)} text={line.status} />}
      </div>
      {line.entries.map((entry, at) => (
        <Entry key={at} entry={entry} attempts={attempts} />
      ))}
      <Edges turn={line} />
      {snapshot !== null && (
        <Changes
          before={before?.context}
          snapshot={snapshot}
          isFirst={turn === 1}
          isKnown={turn === 1 || before !== null}
        />
      )}
      {snapshot !== null && snapshot.open.length > 0 && (
        <p class="small">
          <span class="quiet">open after this turn </span>
          <span class="mono">
            {snapshot.open
              .map(({ kind, id }) => (kind === 'timer' ? `timer ${id}` : id))
              .join(', ')}
          </span>
        </p>
      )}
    </section>
  );
}

function Entry({
  entry,
  attempts,
}: {
  readonly entry: TurnEntry;
  readonly attempts: readonly Attempt[];
}): JSX.Element {
  const { kind, by, id, incarnation, output, error, event, input, reason } = entry;
  const name = typeof id === 'string' ? id : kind === 'event' ? eventType(event) : '';
  const own = attempts.filter((one) => one.invocationId === id && one.incarnation === incarnation);
  return (
    <div class="entry">
      <div>
        <b class="mono">
          {name} {kind}
        </b>{' '}
        {typeof by === 'string' && <span class="quiet">by {by}</span>}{' '}
        {typeof reason === 'string' && reason !== '' && <span class="quiet">{reason}</span>}
      </div>
      {own.length > 0 && (
        <p class="small">
          <span class="quiet">attempts </span>
          {own.map(attemptWords).join('; ')}
        </p>
      )}
      {kind === 'event' && <Payload value={event} label={`event ${name}`} />}
      {input !== undefined && <Payload value={input} label="input" />}
      {output !== undefined && <Answer output={output} name={name} />}
      {error !== undefined && <Payload value={error} label={`error of ${name}`} />}
    </div>
  );
}

const eventType = (event: unknown): string => {
  const { type } = (event ?? {}) as { readonly type?: unknown };
  return typeof type === 'string' ? type : '';
};

function attemptWords({
  provider,
  how,
  count,
  sentAtMs,
  endedAtMs,
  waitMs,
  usage,
}: Attempt): string {
  const times = count > 1 ? `${count} × ` : '';
  const wait = waitMs === undefined ? '' : `, wait ${duration(waitMs)}`;
  const tokens = usage === undefined ? '' : `, ${usage.inputTokens} in, ${usage.outputTokens} out`;
  return `${times}${provider} ${how} after ${duration(endedAtMs - sentAtMs)}${wait}${tokens}`;
}

/** A model's answer by its text; tokens and cost beside it. */
function Answer({
  output,
  name,
}: {
  readonly output: unknown;
  readonly name: string;
}): JSX.Element {
  const { text, usage, model, cost } = (output ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof text !== 'string') return <Payload value={output} label={`output of ${name}`} />;
  const { inputTokens, outputTokens } = (usage ?? {}) as Readonly<Record<string, unknown>>;
  return (
    <>
      <blockquote class="quote">
        {text.slice(0, quotedChars)}
        {text.length > quotedChars && ' …'}
      </blockquote>
      <p class="small quiet">
        {typeof model === 'string' && `${model} `}
        {typeof inputTokens === 'number' && `${inputTokens} tokens in, `}
        {typeof outputTokens === 'number' && `${outputTokens} out `}
        {typeof cost === 'number' && `cost ${costWords(cost)}`}
      </p>
      <details>
        <summary class="small quiet">the whole answer</summary>
        <Payload value={output} label={`output of ${name}`} />
      </details>
    </>
  );
}

function Edges({ turn: { edges, exact } }: { readonly turn: TracedTurn }): JSX.Element {
  if (edges === null) {
    return (
      <p class="small quiet">
        Which edges it took is not known:{' '}
        {exact === 'version-missing'
          ? 'no replica here has this version.'
          : 'the chart’s code has changed, and cannot take this turn any more.'}
      </p>
    );
  }
  return (
    <p class="mono">
      {exact !== true && (
        <span class="note small edge-mark">
          chart changed since: the chart of today would have taken these edges
        </span>
      )}
      {edges.map(({ source, targets }, at) => (
        <span key={at} class="edge-line">
          {source} → <b>{targets.join(', ') || 'stays'}</b>
        </span>
      ))}
    </p>
  );
}

function Changes({
  before,
  snapshot: { context },
  isFirst,
  isKnown,
}: {
  readonly before: unknown;
  readonly snapshot: RunSnapshot;
  readonly isFirst: boolean;
  readonly isKnown: boolean;
}): JSX.Element {
  if (!isKnown) return <p class="small quiet">The turn before is being read …</p>;
  const diff = isFirst ? null : contextDiff(before, context);
  return (
    <>
      {diff !== null && diff.changes.length === 0 && <p class="small quiet">context unchanged</p>}
      {diff !== null && <ChangeList of={diff} whole="(the context)" />}
      <details>
        <summary class="small quiet">the whole context</summary>
        <Payload value={context} label="context" />
      </details>
    </>
  );
}
