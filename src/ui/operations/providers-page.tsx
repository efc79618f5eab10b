/** Providers: what each takes at once, what it has done last, and what a person can order. */
import type { JSX } from 'preact';
import { useMemo, useRef, useState } from 'preact/hooks';
import type { Client, Provider } from '../../client/index.ts';
import { activePlaces } from '../chart/active.ts';
import { ChartView, type View } from '../chart/chart-view.tsx';
import { dark } from '../chart/lit.ts';
import { duration, instant } from '../look/time.ts';
import { client } from '../shell/access.ts';
import { useAgain, useAnswer } from '../shell/ask.ts';
import { useStream } from '../shell/live.ts';
import { pageAt } from '../shell/router.ts';
import { Empty, Trouble } from '../shell/trouble.tsx';
import { gateChanges, type GateChange } from './gate-past.ts';
import { waitingWords } from './line-words.ts';
import { machineCharts } from './machine-charts.ts';
import './providers.css';

/** The counts of the activity history, and how often the page asks for them. */
const stepMs = 5_000;
const pastEveryMs = 10_000;
/** Beyond this many squares nobody counts them. */
const squaresMax = 400;

export function ProvidersPage({
  words: [only],
}: {
  readonly words: readonly string[];
}): JSX.Element {
  const { value, trouble, again } = useAnswer((on) => on.operator.providers(), []);
  const past = useAnswer((on) => on.operator.activity({ step: stepMs }), []);
  useAgain(past.again, pastEveryMs);
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
  const shown = value.filter(({ gate }) => only === undefined || gate === only);
  const inUse = value.reduce((sum, one) => sum + one.inUse, 0);
  const waiting = waitingWords(value.map(({ line }) => line.length));
  return (
    <>
      <div class="head">
        <h1>Providers</h1>
        <span class="say">
          {waiting} calls wait for a slot; {inUse} are in one.
        </span>
      </div>
      {trouble !== null && <Trouble error={trouble} again={again} />}
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
            again={again}
          />
        ))}
      </div>
    </>
  );
}

function Gate({
  provider,
  changes,
  again,
}: {
  readonly provider: Provider;
  readonly changes: readonly GateChange[] | null;
  readonly again: () => void;
}): JSX.Element {
  const { gate, inUse, limit, ceiling, line, lastFault, lastOrder, sharesCeilingWith } = provider;
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
        in line
        {sharesCeilingWith.length > 0 &&
          `; shares its ceiling with ${sharesCeilingWith.join(', ')}`}
      </p>
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
                <td>{kind}</td>
                <td>
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

function Squares({
  provider: { inUse, limit, ceiling, status },
}: {
  readonly provider: Provider;
}): JSX.Element | null {
  const all = Math.max(limit, ceiling, inUse);
  if (all > squaresMax) return null;
  const isOpen = status === 'open';
  const free = Math.max(0, limit - inUse);
  const label = `${inUse} in use, ${free} ${isOpen ? 'free' : status}, ${Math.max(0, all - limit)} beyond the limit`;
  return (
    <div class="squares" role="img" aria-label={label} title={label}>
      {Array.from({ length: all }, (_, at) => {
        const kind =
          at < inUse ? 'used' : at >= limit ? 'beyond' : status === 'open' ? 'free' : 'stalled';
        return <i key={at} class={kind} />;
      })}
    </div>
  );
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
