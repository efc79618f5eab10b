/**
 * The audit: what heddle finds when it counts all that the tenant has. It is asked for by a click, because it reads
 * every row; where the page follows a workload also by itself, when no run is open any more.
 */
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { instant } from '../../look/time.ts';
import { client } from '../../shell/access.ts';
import { noteRefusal, useAnswer } from '../../shell/ask.ts';
import { Trouble } from '../../shell/trouble.tsx';
import type { ActivityLink } from '../activity-link.ts';
import { auditWords, verdictOf, type AuditWords, type Finding } from './audit-words.ts';

/** No run was open for so long: the end is no moment between two starts. */
const quietMs = 1_500;

type Audit = { readonly atMs: number; readonly words: AuditWords };

export function AuditPanel({
  link,
  isFollowing,
}: {
  readonly link: ActivityLink;
  readonly isFollowing: boolean;
}): JSX.Element {
  const [audit, setAudit] = useState<Audit | null>(null);
  const [trouble, setTrouble] = useState<Error | null>(null);
  const [isAsked, setAsked] = useState(false);
  const access = useAnswer((on) => on.operator.access(), []);
  const mayAsk = access.value?.scopes.includes('admin') ?? true;
  const ask = (): void => {
    setAsked(true);
    setTrouble(null);
    client.value.operator
      .audit()
      .then(
        (facts) => setAudit({ atMs: Date.now(), words: auditWords(facts) }),
        (error: unknown) => {
          noteRefusal(error);
          setTrouble(error instanceof Error ? error : new Error(String(error)));
        },
      )
      .finally(() => setAsked(false));
  };
  useEnd(link, isFollowing && mayAsk, ask);
  return (
    <section class="section audit" aria-label="Audit">
      <h2>
        Audit <small>{audit === null ? 'counts every row' : `of ${instant(audit.atMs)}`}</small>
      </h2>
      {mayAsk ? (
        <button class="button small" type="button" disabled={isAsked} onClick={ask}>
          {isAsked ? 'Counting …' : audit === null ? 'Audit' : 'Audit again'}
        </button>
      ) : (
        <p class="small quiet">
          Needs a token with the scope admin: <code>heddle tokens create NAME --scopes admin</code>
        </p>
      )}
      {trouble !== null && <Trouble error={trouble} again={ask} />}
      {audit !== null && <Findings words={audit.words} />}
    </section>
  );
}

function Findings({ words }: { readonly words: AuditWords }): JSX.Element {
  const isClean = words.kind === 'counted' && words.isClean;
  return (
    <>
      <p class={`verdict ${isClean ? 'is-clean' : 'is-torn'}`} role="status">
        <b aria-hidden="true">{isClean ? '✓' : '×'}</b> {verdictOf(words)}
      </p>
      {words.kind === 'counted' && (
        <>
          <FindingList label="What should never be" findings={words.faults} />
          <FindingList
            label="What there is"
            findings={words.kept.filter(({ count }) => count > 0)}
          />
        </>
      )}
    </>
  );
}

function FindingList({
  label,
  findings,
}: {
  readonly label: string;
  readonly findings: readonly Finding[];
}): JSX.Element {
  const whole = new Intl.NumberFormat('en');
  return (
    <dl class="findings" aria-label={label}>
      {findings.map(({ what, count }) => (
        <div key={what}>
          <dt>{what}</dt>
          <dd>{whole.format(count)}</dd>
        </div>
      ))}
    </dl>
  );
}

/** Calls once each time when no run is open any more, and stays so. */
function useEnd(link: ActivityLink, isWanted: boolean, ended: () => void): void {
  const newest = useRef(ended);
  newest.current = ended;
  const { value: now } = link.now;
  const isOver = isWanted && link.state.value === 'live' && now?.isKnown === true && now.open === 0;
  useEffect(() => {
    if (!isOver) return undefined;
    const timer = setTimeout(() => newest.current(), quietMs);
    return () => clearTimeout(timer);
  }, [isOver]);
}
