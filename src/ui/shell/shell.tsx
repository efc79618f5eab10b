/** The frame of all pages: the head with its links, the page that the address names, the keys. */
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { ActivityPage } from '../activity/activity-page.tsx';
import { BudgetsPage } from '../operations/budgets-page.tsx';
import { ProvidersPage } from '../operations/providers/providers-page.tsx';
import { QuestionsPage } from '../operations/questions-page.tsx';
import { ReplicasPage } from '../operations/replicas-page.tsx';
import { AgentsPage } from '../records/agents-page.tsx';
import { ChannelsPage } from '../records/channels-page.tsx';
import { EvaluationsPage } from '../records/evaluations-page.tsx';
import { MemoryPage } from '../records/memory-page.tsx';
import { RunPage } from '../run/run-page.tsx';
import { RunsPage } from '../runs/runs-page.tsx';
import { isRefused } from './access.ts';
import { AwayNote } from './trouble/away-note.tsx';
import { away } from './trouble/pulse.ts';
import { KeysDialog, openKeys } from '../keys/keys-dialog.tsx';
import { useKeys } from '../keys/keys.ts';
import { cutWhy, isCut, refusal } from './live.ts';
import { pages } from './pages.ts';
import { go, pageAt, path } from './router.ts';
import { theme, turnTheme } from './theme.ts';
import { TenantChoice } from './tenant-choice.tsx';
import { TokenForm } from './token-form.tsx';

type Page = (props: { readonly words: readonly string[] }) => JSX.Element;

const shown: Readonly<Record<string, Page>> = {
  activity: ActivityPage,
  runs: ({ words }) => (words.length === 0 ? <RunsPage /> : <RunPage words={words} />),
  questions: QuestionsPage,
  providers: ProvidersPage,
  agents: AgentsPage,
  channels: ChannelsPage,
  memory: MemoryPage,
  evaluations: EvaluationsPage,
  budgets: BudgetsPage,
  replicas: ReplicasPage,
};

export function Shell(): JSX.Element {
  const [word = '', ...words] = path.value;
  useEffect(() => {
    if (word === '') go(pageAt(['activity']), 'replace');
  }, [word]);
  useKeys({ t: turnTheme, '?': openKeys });
  const page = pages.find((one) => one.word === word);
  const main = useRef<HTMLElement>(null);
  useEffect(() => {
    document.title = `${page?.name ?? 'heddle'} · heddle`;
  }, [page]);
  const Shown = page === undefined ? undefined : shown[page.word];
  return (
    <>
      <a class="skip" href="#main" onClick={() => main.current?.focus()}>
        To the content
      </a>
      <Head word={word} />
      <main id="main" ref={main} tabIndex={-1}>
        <div class="away-place">
          <Away />
        </div>
        {isRefused.value ? (
          <TokenForm />
        ) : Shown === undefined ? (
          <Nowhere />
        ) : (
          <Shown words={words} />
        )}
      </main>
      <KeysDialog />
    </>
  );
}

/** That heddle is away, and since when; else that what the page shows may be old, because its stream is not there. */
function Away(): JSX.Element {
  if (away.value !== null) return <AwayNote />;
  return (
    <p class="small quiet" role="status">
      {isCut.value &&
        `The stream of this page broke off${cutWhy.value === null ? '' : ` (${cutWhy.value})`}. It is opened again by itself; until then what is shown may be old.`}
      {refusal.value !== null &&
        `This page does not follow what happens, and what it shows may be old: ${refusal.value}`}
    </p>
  );
}

function Head({ word }: { readonly word: string }): JSX.Element {
  const nav = useRef<HTMLElement>(null);
  // Where not all names have room, the one of this page is among those that are seen.
  useEffect(() => {
    const at = nav.current;
    if (at === null) return undefined;
    const show = (): void =>
      at.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'center' });
    // What stands beside it takes room when it has come: the choice of a tenant.
    const resized = new ResizeObserver(show);
    resized.observe(at);
    return () => resized.disconnect();
  }, [word]);
  return (
    <header class="top">
      <a class="brand" href={pageAt(['activity'])} aria-label="heddle, activity">
        <svg width="20" height="20" viewBox="0 0 20 20" aria-hidden="true">
          <path d="M0 13.5h20M0 17.5h20" stroke="var(--ink3)" stroke-width="1.4" />
          <path
            d="M0 9.5h4.5c2.5 0 2.5-6 5.500-6s3 6 5.500 6H20"
            fill="none"
            stroke="var(--accent)"
            stroke-width="2"
          />
        </svg>
        <b>heddle</b>
      </a>
      <nav aria-label="Pages" ref={nav}>
        {pages.map(({ word: to, name }) => (
          <a key={to} href={pageAt([to])} aria-current={to === word ? 'page' : undefined}>
            {name}
          </a>
        ))}
      </nav>
      <div class="tools">
        <TenantChoice />
        <button class="button quiet small" type="button" onClick={openKeys} aria-label="Keys">
          <kbd>?</kbd>
        </button>
        <button
          class="button quiet small"
          type="button"
          onClick={turnTheme}
          aria-label={theme.value === 'dark' ? 'Light colours' : 'Dark colours'}
        >
          <svg width="14" height="14" viewBox="0 0 14 14" aria-hidden="true">
            <circle cx="7" cy="7" r="5.5" fill="none" stroke="currentColor" stroke-width="1.3" />
            <path d="M7 1.500a5.500 5.500 0 0 1 0 11Z" fill="currentColor" />
          </svg>
        </button>
      </div>
    </header>
  );
}

function Nowhere(): JSX.Element {
  return (
    <div class="empty">
      <h1>There is no page here</h1>
      <p>
        The address may be of a later version of heddle.{' '}
        <a class="link" href={pageAt(['activity'])}>
          Activity
        </a>{' '}
        shows what is going on.
      </p>
    </div>
  );
}
