/** The weave and what lies below it, on one axis of time. */
import type { JSX } from 'preact';
import { useRef } from 'preact/hooks';
import { codeOf, isEnded, listed, type Look } from '../look/states.ts';
import { setQuery } from '../shell/router.ts';
import type { ActivityLink, Figures } from './activity-link.ts';
import { Axis } from './axis.tsx';
import { Hairline, useHairline } from './hairline.tsx';
import { Track } from './track.tsx';
import { Weave } from './weave/weave.tsx';
import type { Gate } from './words.ts';
import type { Order } from './worker/rows.ts';

const whole = new Intl.NumberFormat('en');
export const orders: readonly Order[] = ['agent', 'user', 'pipeline'];

const countOf = (now: Figures | null, look: Look): number => now?.counts[codeOf(look)] ?? 0;

type Linked = { readonly link: ActivityLink };

export function Tracks({
  link,
  order,
  showAll,
}: Linked & { readonly order: Order; readonly showAll: () => void }): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const hairline = useHairline(link, box);
  return (
    <div class="tracks" {...hairline}>
      <div class="tracks-head">
        <h2>
          The weave{' '}
          <small>each run a thread, left to right in time; a lifted thread holds a slot</small>
        </h2>
        <span class="small quiet">rows by</span>
        <div class="choice" role="group" aria-label="Rows by">
          {orders.map((one) => (
            <button
              key={one}
              type="button"
              aria-pressed={one === order}
              onClick={() => setQuery({ by: one }, 'push')}
            >
              {one}
            </button>
          ))}
        </div>
        {link.view.value?.showsAll === false && (
          <button class="button small" type="button" onClick={showAll}>
            All threads <kbd>esc</kbd>
          </button>
        )}
      </div>
      {link.pastTrouble.value !== null && (
        <p class="small quiet" role="status">
          What was before this page was opened could not be read ({link.pastTrouble.value}). It is
          asked for again.
        </p>
      )}
      <Weave link={link} order={order} box={box} />
      <RunTracks link={link} />
      {link.gates.value.map((gate) => (
        <Lane key={gate} link={link} gate={gate} />
      ))}
      <EndTracks link={link} />
      <Axis link={link} />
      <Hairline link={link} />
    </div>
  );
}

function RunTracks({ link }: Linked): JSX.Element {
  const now = link.shown.value;
  const sum = (looks: readonly Look[]): number =>
    looks.reduce((all, look) => all + countOf(now, look), 0);
  const open = sum(listed.filter((look) => !isEnded(look)));
  const all = sum(listed);
  return (
    <>
      <Track
        link={link}
        track="states"
        height={78}
        label="Runs by state over time"
        name="Runs by state"
        below={`of ${whole.format(all)}`}
        end={`${whole.format(open)} open`}
      />
      <Track
        link={link}
        track="line"
        height={32}
        label="Calls that wait for a slot, over time"
        name="In line"
        below="calls that wait"
        end={`${whole.format(countOf(now, 'calling-provider'))} in line`}
      />
    </>
  );
}

function Lane({ link, gate }: Linked & { readonly gate: string }): JSX.Element {
  const state = link.now.value?.gates.find((one) => one.gate === gate);
  const shown = link.shown.value?.gates.find((one) => one.gate === gate);
  return (
    <Track
      link={link}
      track={`lane ${gate}`}
      height={70}
      label={`Slots of ${gate} in use, and its limit, over time`}
      name={gate}
      below={state === undefined ? '' : laneWords(state)}
      end={`${shown?.inUse ?? 0} in use`}
    />
  );
}

function laneWords({ status, isCooling, limit, ceiling }: Gate): string {
  const how = isCooling ? 'cooling, ' : status === 'open' ? '' : `${status}, `;
  return `${how}limit ${limit}${ceiling === null ? '' : ` of ${ceiling}`}`;
}

function EndTracks({ link }: Linked): JSX.Element {
  const now = link.shown.value;
  const latency = now?.latencyMs ?? null;
  return (
    <>
      <Track
        link={link}
        track="throughput"
        height={36}
        label="Runs that ended, per second"
        name="Throughput"
        below="runs ended"
        end={`${(now?.endedPerSecond ?? 0).toFixed(0)}/s`}
      />
      <Track
        link={link}
        track="latency"
        height={36}
        label="Latency of pipelines: half took no longer than the first line, 95 of 100 than the second"
        name="Pipeline latency"
        below={(link.now.value?.every ?? 1) > 1 ? 'p50 and p95, of drawn runs' : 'p50 and p95'}
        end={
          latency === null ? (
            '–'
          ) : (
            <>
              {seconds(latency.p50)}
              <br />
              {seconds(latency.p95)}
            </>
          )
        }
      />
    </>
  );
}

const seconds = (ms: number): string =>
  ms < 10_000 ? `${(ms / 1_000).toFixed(1)} s` : `${Math.round(ms / 1_000)} s`;
