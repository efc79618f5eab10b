/** Providers: what each takes at once, what it has done last, and what a person can order. */
import type { JSX } from 'preact';
import { useMemo, useRef, useState } from 'preact/hooks';
import type { Client, LineWait, Provider } from '../../../client/index.ts';
import { activePlaces } from '../../chart/active.ts';
import { ChartView, type View } from '../../chart/chart-view.tsx';
import { dark } from '../../chart/lit.ts';
import { duration, instant } from '../../look/time.ts';
import { client } from '../../shell/access.ts';
import { useAgain, useAnswer } from '../../shell/ask.ts';
import { useStream } from '../../shell/live.ts';
import { pageAt } from '../../shell/router.ts';
import { Empty, Trouble } from '../../shell/trouble.tsx';
import { GateLane } from './gate-lane.tsx';
import type { GateLanes } from './gate-lanes.ts';
import { gateChanges, type GateChange } from './gate-past.ts';
import { waitingWords } from './line-words.ts';
import { LongestWaits } from './longest-waits.tsx';
import { machineCharts } from '../machine-charts.ts';
import { Squares, SquaresLegend } from './squares.tsx';
import { useLanes } from './use-lanes.ts';
import './providers.css';

/** The counts of the activity history, and how often the page asks for them. */
const stepMs = 5_000;
const pastEveryMs = 10_000;
const waitsEveryMs = 2_000;

export function ProvidersPage({
  words: [only],
}: {
  readonly words: readonly string[];
}): JSX.Element {
  const { value, trouble, again } = useAnswer((on) => on.operator.providers(), []);
  useStream(
    useMemo(() => [{ kind: 'providers' }], []),
    (event) => {
      if (event.event === 'gates') again();
    },
  );
  if (value === null) {
    return trouble === null ? (
      <p class="quiet">Looking …</p>
    ) : (
      <Trouble error={trouble} again={again} />
    );
  }
  if (value.length === 0) {
    return (
      <Empty title="No provider has been called yet">
        <p>
          Providers are options of <code>createHeddle</code>; each shows up here with its first
          call.
        </p>
      </Empty>
    );
  }
  const inUse = value.reduce((sum, one) => sum + one.inUse, 0);
  const waiting = waitingWords(value.map(({ line }) => line.length));
  return (
    <>
      <div class="head">
        <h1>Providers</h1>
        <span class="say">
          {waiting} calls wait for a slot; {inUse} are in one.
          {waiting.includes(' to ') && ' A call that may go to several stands in each line.'}
        </span>
      </div>
      <SquaresLegend />
      {trouble !== null && <Trouble error={trouble} again={again} />}
      <Gates all={value} only={only} again={again} />
    </>
  );
}

function Gates({
  all,
  only,
  again,
}: {
  readonly all: readonly Provider[];
  /** The one that the address names. */
  readonly only: string | undefined;
  readonly again: () => void;
}): JSX.Element {
  const past = useAnswer((on) => on.operator.activity({ step: stepMs }), []);
  useAgain(past.again, pastEveryMs);
  const waits = useAnswer((on) => on.operator.waits(), []);
  useAgain(waits.again, waitsEveryMs);
  const lanes = useLanes(all, past.value?.counts ?? null);
  const shown = all.filter(({ gate }) => only === undefined || gate === only);
  return (
    <>
      {shown.length === 0 && (
        <Empty title="There is no such provider">
          <p>
            It has not been called, or has another name:{' '}
            <a class="link" href={pageAt(['providers'])}>
              all providers
            </a>
            .
          </p>
        </Empty>
      )}
      <div class="providers">
        {shown.map((provider) => (
          <Gate
            key={provider.gate}
            provider={provider}
            changes={past.value === null ? null : gateChanges(past.value.counts, provider.gate)}
            lanes={lanes}
            waits={waits.value?.gates.find(({ gate }) => gate === provider.gate)?.waits ?? []}
            again={again}
          />
        ))}
      </div>
      {[...new Set(waits.value?.unknown)].map((why) => (
        <p key={why} class="small quiet">
          Not all lines are known: {why}.
        </p>
      ))}
    </>
  );
}

function Gate({
  provider,
  changes,
  lanes,
  waits,
  again,
}: {
  readonly provider: Provider;
  readonly changes: readonly GateChange[] | null;
  readonly lanes: GateLanes;
  readonly waits: readonly LineWait[];
  readonly again: () => void;
}): JSX.Element {
  const { gate, inUse, limit, ceiling, line, lastFault, lastOrder, sharesCeilingWith } = provider;
  const { rateLimited } = provider;
  return (
    <section class="section" aria-label={gate}>
      <div class="head">
        <h1>
          <a href={pageAt(['providers', gate])}>{gate}</a>
        </h1>
        <b class={`gate-status is-${provider.status}`}>{provider.status}</b>
        <span class="quiet">{statusWords(provider)}</span>
      </div>
      <Squares provider={provider} />
      <p>
        <b>{inUse}</b> in use, limit <b>{limit}</b>, ceiling <b>{ceiling}</b>; <b>{line.length}</b>{' '}
        in line{rateLimited > 0 && `; ${rateLimited} × 429 in all`}
        {sharesCeilingWith.length > 0 &&
          `; shares its ceiling with ${sharesCeilingWith.join(', ')}`}
      </p>
      <GateLane
        series={lanes.seriesOf(gate)}
        most={Math.max(limit, ceiling)}
        label={`Slots of ${gate} in use over the last 5 minutes: now ${inUse} of ${limit}`}
      />
      <LongestWaits waits={waits} length={line.length} />
      {lastFault !== null && (
        <p class="note">
          {duration(lastFault.agoMs)} ago: {lastFault.text}
        </p>
      )}
      {lastOrder !== null && (
        <p class="small quiet">
          {lastOrder.kind} ordered by {lastOrder.by} {duration(lastOrder.agoMs)} ago
        </p>
      )}
      <Orders gate={gate} again={again} />
      <div class="gate-states">
        <GateChart status={provider.status} gate={gate} />
        <GatePast changes={changes} />
      </div>
    </section>
  );
}

/** heddle's own chart of a provider, with the state that this one is in. */
function GateChart({
  status,
  gate,
}: {
  readonly status: string;
  readonly gate: string;
}): JSX.Element | null {
  const light = useMemo(() => ({ ...dark, active: activePlaces('provider', status) }), [status]);
  const [view, setView] = useState<View>('chart');
  const chart = machineCharts['provider'];
  if (chart === undefined) return null;
  return (
    <ChartView
      chart={chart}
      light={light}
      label={`The states of ${gate}: it is ${status}`}
      view={view}
      setView={setView}
    />
  );
}

function GatePast({
  changes,
}: {
  /** Null: not told. */
  readonly changes: readonly GateChange[] | null;
}): JSX.Element {
  return (
    <div>
      <h2>What it went through</h2>
      {changes === null ? (
        <p class="small quiet">It is not known.</p>
      ) : changes.length === 0 ? (
        <p class="small quiet">Nothing in the last hour, as far as it was counted.</p>
      ) : (
        <table aria-label="What it went through">
          <tbody>
            {changes.map(({ atMs, kind, from, to }) => (
              <tr key={`${atMs} ${kind}`}>
                <td class="mono">{instant(atMs)}</td>
                <td>
                  {kind === 'limit' && 'limit '}
                  {from} → <b>{to}</b>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </div>
  );
}

function statusWords({ status, coolForMs, probeInMs, failedProbes }: Provider): string {
  if (coolForMs > 0) return `It has asked to wait; ${duration(coolForMs)} are left.`;
  if (status === 'open') return 'It takes calls.';
  const probe = probeInMs > 0 ? ` A probe goes out in ${duration(probeInMs)}.` : '';
  const failed = failedProbes > 0 ? ` ${failedProbes} probes have failed.` : '';
  return `Its calls wait, or go elsewhere.${probe}${failed}`;
}

/** What a person can order. One click is one order. */
function Orders({
  gate,
  again,
}: {
  readonly gate: string;
  readonly again: () => void;
}): JSX.Element {
  const [trouble, setTrouble] = useState<Error | null>(null);
  const isBusy = useRef(false);
  const order = (does: (on: Client) => Promise<void>) => () => {
    if (isBusy.current) return;
    isBusy.current = true;
    setTrouble(null);
    void does(client.value)
      .then(again, (error: unknown) =>
        setTrouble(error instanceof Error ? error : new Error(String(error))),
      )
      .finally(() => (isBusy.current = false));
  };
  return (
    <>
      {trouble !== null && <Trouble error={trouble} />}
      <div class="buttons">
        <button
          class="button"
          type="button"
          onClick={order((on) => on.operator.probeProvider(gate))}
        >
          Probe
        </button>
        <button
          class="button"
          type="button"
          onClick={order((on) => on.operator.reopenProvider(gate))}
        >
          Reopen
        </button>
      </div>
    </>
  );
}
