/** Providers: what each takes at once, what it has done last, and what a person can order. */
import type { JSX } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import type { Client, Provider } from '../../client/index.ts';
import { duration } from '../look/time.ts';
import { client } from '../shell/access.ts';
import { useAnswer } from '../shell/ask.ts';
import { useStream } from '../shell/live.ts';
import { pageAt } from '../shell/router.ts';
import { Empty, Trouble } from '../shell/trouble.tsx';

/** Beyond this many squares nobody counts them. */
const squaresMax = 400;

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
  const shown = value.filter(({ gate }) => only === undefined || gate === only);
  const inUse = value.reduce((sum, one) => sum + one.inUse, 0);
  const waiting = Math.max(...value.map(({ line }) => line.length));
  return (
    <>
      <div class="head">
        <h1>Providers</h1>
        <span class="say">
          {waiting} calls wait for a slot; {inUse} are in one.
        </span>
      </div>
      {trouble !== null && <Trouble error={trouble} again={again} />}
      <div class="providers">
        {shown.map((provider) => (
          <Gate key={provider.gate} provider={provider} again={again} />
        ))}
      </div>
    </>
  );
}

function Gate({
  provider,
  again,
}: {
  readonly provider: Provider;
  readonly again: () => void;
}): JSX.Element {
  const { gate, inUse, limit, ceiling, line, lastFault, lastOrder, sharesCeilingWith } = provider;
  const [trouble, setTrouble] = useState<Error | null>(null);
  const order = (does: (on: Client) => Promise<void>) => () => {
    setTrouble(null);
    does(client.value).then(again, (error: unknown) =>
      setTrouble(error instanceof Error ? error : new Error(String(error))),
    );
  };
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
    </section>
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
  const label = `${inUse} of ${limit} slots are in use`;
  return (
    <div class="squares" role="img" aria-label={label}>
      {Array.from({ length: all }, (_, at) => {
        const kind =
          at < inUse ? 'used' : at >= limit ? 'beyond' : status === 'open' ? 'free' : 'stalled';
        return <i key={at} class={kind} />;
      })}
    </div>
  );
}
