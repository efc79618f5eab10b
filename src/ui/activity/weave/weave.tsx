/** The weave: each run a thread over time. The worker draws it; here are its names, its arrows, its pointer and its keys. */
import type { JSX, RefObject } from 'preact';
import type { ActivityLink } from '../activity-link.ts';
import { TrackCanvas } from '../track.tsx';
import type { Order } from '../worker/rows.ts';
import { WakeArrows } from './wake-arrows.tsx';
import { WeaveTip } from './weave-tip.tsx';
import { useWeaveKeys } from './weave-keys.ts';
import { useWeavePointer } from './weave-pointer.ts';

const heightPx = 340;
const nameMinPx = 13;
/** With more runs to a pixel than this, the worker paints bands. */
const threadMax = 1 / 2.5;
const whole = new Intl.NumberFormat('en');

type Props = {
  readonly link: ActivityLink;
  readonly order: Order;
  readonly box: RefObject<HTMLDivElement | null>;
};

export function Weave({ link, order, box }: Props): JSX.Element {
  const pointer = useWeavePointer(link, box);
  const keys = useWeaveKeys(link, heightPx);
  const { rowsPerPx = 1 } = link.view.value ?? {};
  return (
    <div class="track weave">
      <div class="track-name">
        Threads
        <small>{drawnWords(order, rowsPerPx)}</small>
        <small class="hint" id="weave-hint">
          wheel: zoom; drag: move; click: the run. Keys: arrows, + and −, enter
        </small>
      </div>
      <div
        class="weave-box"
        ref={box}
        tabIndex={0}
        role="group"
        aria-label="The weave: arrows move over its threads"
        aria-describedby="weave-hint"
        {...pointer}
        {...keys}
      >
        <TrackCanvas
          link={link}
          track="weave"
          height={heightPx}
          label="Each open run as a thread over time, coloured by its state"
        />
        <Names link={link} order={order} />
        {order === 'pipeline' && <WakeArrows link={link} heightPx={heightPx} />}
      </div>
      <div class="track-end" />
      <WeaveTip link={link} box={box} />
    </div>
  );
}

function drawnWords(order: Order, rowsPerPx: number): string {
  if (rowsPerPx > threadMax && order !== 'agent') return 'each band shows its runs by state';
  if (rowsPerPx <= 1) return 'each run is drawn';
  const runs = Math.round(rowsPerPx * heightPx);
  return `${heightPx} of ${whole.format(runs)} runs are drawn`;
}

/** Names of bands; where a row is high enough, of runs too. */
function Names({ link, order }: Omit<Props, 'box'>): JSX.Element {
  const { bands = [], rows = [], rowsPerPx = 1 } = link.view.value ?? {};
  const isRoomy = rowsPerPx <= 1 / nameMinPx;
  return (
    <>
      {bands.map(({ name, top, bottom }) => (
        <span
          key={name}
          class="band-name"
          hidden={(bottom - top) * heightPx < nameMinPx}
          style={{ top: `${top * 100}%` }}
        >
          {name}
        </span>
      ))}
      {isRoomy &&
        rows.map(({ runId, agent, pipeline, y }) => (
          <span key={runId} class="weave-run" style={{ top: `${y * 100}%` }}>
            {order === 'pipeline' ? agent : `${pipeline || '…' + runId.slice(-6)}`}
          </span>
        ))}
    </>
  );
}
