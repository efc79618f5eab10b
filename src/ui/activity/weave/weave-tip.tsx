/** The run under the pointer: its state, since when, its place in line, and the runs that it waits for. */
import type { JSX, RefObject } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Why } from '../../../client/index.ts';
import { Glyph, Swatch } from '../../look/glyph.tsx';
import { isEnded, words } from '../../look/states.ts';
import { duration } from '../../look/time.ts';
import { client } from '../../shell/access.ts';
import type { ActivityLink } from '../activity-link.ts';
import { tipLines } from './tip-words.ts';

/** A pointer that only passes asks for nothing. */
const restMs = 180;
const widthPx = 380;
/** What is as old as that is not now. */
const nowMs = 2_500;

type Props = { readonly link: ActivityLink; readonly box: RefObject<HTMLDivElement | null> };

export function WeaveTip({ link, box }: Props): JSX.Element | null {
  const run = link.run.value;
  const cursor = link.cursor.value;
  const isOpen = run !== null && run.look !== null && !isEnded(run.look);
  const why = useWhy(isOpen ? run.runId : null, run?.look ?? null);
  const of = box.current?.getBoundingClientRect();
  if (run === null || cursor === null || cursor.y === null || of === undefined) return null;
  const { look, atMs, sinceMs, agent, user, pipeline, runId } = run;
  const x = of.left + cursor.x * of.width;
  const y = of.top + cursor.y * of.height;
  const isLow = y > innerHeight - 220;
  const at = {
    left: `${Math.max(8, Math.min(x + 14, innerWidth - widthPx - 8))}px`,
    ...(isLow ? { bottom: `${innerHeight - y + 14}px` } : { top: `${y + 14}px` }),
  };
  const lines = why === null ? [] : tipLines(why);
  const isPast = atMs < Date.now() - nowMs;
  return (
    <div class="tip" style={at} role="status">
      <div>
        <b>
          {pipeline} {agent}
        </b>{' '}
        <span class="quiet">
          {user} · <span class="mono">…{runId.slice(-12)}</span>
        </span>
      </div>
      {look === null ? (
        <div class="quiet">was not watched then</div>
      ) : (
        <span class="state">
          <Swatch look={look} /> <Glyph look={look} /> {words[look]}
          {sinceMs !== null && ` for ${duration(atMs - sinceMs)}`}
        </span>
      )}
      {lines.length > 0 && isPast && <div class="quiet">now {why?.status}</div>}
      {lines.map((line) => (
        <div key={line} class="quiet">
          {line}
        </div>
      ))}
    </div>
  );
}

/** Why the run is where it is; asked for when the pointer rests, and anew when its state is another. */
function useWhy(runId: string | null, look: string | null): Why | null {
  const [known, setKnown] = useState<Why | null>(null);
  useEffect(() => {
    if (runId === null) return undefined;
    let isOver = false;
    const timer = setTimeout(() => {
      client.value.runs.why(runId).then(
        (why) => {
          if (!isOver) setKnown(why);
        },
        // The tip says then what the weave knows.
        () => undefined,
      );
    }, restMs);
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [runId, look]);
  return known?.runId === runId ? known : null;
}
