/** Who the run is, and why it is where it is. */
import type { JSX } from 'preact';
import type { RunInFull } from '../../client/index.ts';
import { State } from '../look/glyph.tsx';
import { lookOf } from '../look/states.ts';
import { duration, instant, nowMs } from '../look/time.ts';
import { pageAt } from '../shell/router.ts';
import { writeSearch } from '../runs/search-words.ts';
import { useAgain, useAnswer } from '../shell/ask.ts';

const childrenMs = 3_000;

export function RunHead({
  run,
  why,
}: {
  readonly run: RunInFull;
  readonly why: string | null;
}): JSX.Element {
  const { id, agent, version, user, tenant, pipeline, priority, tags, status, call, parentRunId } =
    run;
  const { createdAtMs, endedAtMs } = run;
  return (
    <header class="run-head">
      <div class="run-name">
        <a href={pageAt(['runs'])} class="quiet">
          Runs
        </a>
        <h1>{agent}</h1>
        <span class="mono">{id}</span>
        <State look={lookOf(status, call?.phase)} text={status} />
      </div>
      <p class="say" role="status">
        {why ?? run.waitsFor ?? (run.error === undefined ? '' : run.error.message)}
      </p>
      <dl class="facts">
        <Fact name="user">{user || '–'}</Fact>
        <Fact name="tenant">{tenant}</Fact>
        <Fact name="pipeline">
          {pipeline === '' ? (
            '–'
          ) : (
            <a href={pageAt(['runs'], { q: writeSearch([{ key: 'pipeline', value: pipeline }]) })}>
              {pipeline}
            </a>
          )}
        </Fact>
        <Fact name="priority">{priority}</Fact>
        <Fact name="version">
          <a class="mono" href={pageAt(['agents', agent], { version })}>
            {version.slice(0, 12)}
          </a>
        </Fact>
        <Fact name="started">{instant(createdAtMs)}</Fact>
        <Fact name={endedAtMs === null ? 'open for' : 'took'}>
          {duration((endedAtMs ?? nowMs.value) - createdAtMs)}
        </Fact>
        {parentRunId !== null && (
          <Fact name="started by">
            <a class="mono" href={pageAt(['runs', parentRunId])}>
              …{parentRunId.slice(-12)}
            </a>
          </Fact>
        )}
        {tags.length > 0 && <Fact name="tags">{tags.join(', ')}</Fact>}
        <Children runId={id} turn={run.turn} />
      </dl>
    </header>
  );
}

function Fact({
  name,
  children,
}: {
  readonly name: string;
  readonly children: JSX.Element | string;
}): JSX.Element {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Children({
  runId,
  turn,
}: {
  readonly runId: string;
  readonly turn: number;
}): JSX.Element | null {
  const { value, again } = useAnswer(
    (on) => on.runs.children(runId, { depth: 1, limit: 20 }),
    [runId, turn],
  );
  // A child may move while its parent stands still.
  const isMoving = value?.runs.some(({ endedAtMs }) => endedAtMs === null) === true;
  useAgain(() => isMoving && again(), childrenMs);
  if (value === null || value.runs.length === 0) return null;
  return (
    <Fact name="children">
      <>
        {value.runs.map(({ id, agent, status }) => (
          <a key={id} class="run-child" href={pageAt(['runs', id])} title={id}>
            <State look={lookOf(status, null)} text={agent} />
          </a>
        ))}
        {value.isCut && <a href={pageAt(['runs'], { q: `parent:${runId}` })}>all</a>}
      </>
    </Fact>
  );
}
