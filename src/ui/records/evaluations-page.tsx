/** Evaluations: how each version of each agent does, and the newest ones. */
import type { JSX } from 'preact';
import type { EvaluationTotals } from '../../client/index.ts';
import { instant } from '../look/time.ts';
import { useAnswer } from '../shell/ask.ts';
import { pageAt, query } from '../shell/router.ts';
import { Trouble } from '../shell/trouble.tsx';
import { PagedTable, usePages } from './page-of.tsx';

const score = (value: number | undefined): string => (value === undefined ? '–' : value.toFixed(2));

export function EvaluationsPage(): JSX.Element {
  const agent = query.value.get('agent');
  return <Evaluations key={agent ?? ''} agent={agent} />;
}

function Evaluations({ agent }: { readonly agent: string | null }): JSX.Element {
  const of = agent === null ? {} : { agent };
  const totals = useAnswer((on) => on.evaluations.totals(of), [agent]);
  const pages = usePages((on, cursor) => on.evaluations.list({ ...of, cursor }), [agent]);
  return (
    <>
      <div class="head">
        <h1>Evaluations</h1>
        {agent !== null && (
          <span>
            of {agent}{' '}
            <a class="link" href={pageAt(['evaluations'])}>
              all agents
            </a>
          </span>
        )}
      </div>
      {totals.trouble !== null && <Trouble error={totals.trouble} again={totals.again} />}
      <div class="totals">
        {(totals.value?.totals ?? []).map((one) => (
          <Totals key={`${one.agent} ${one.version}`} of={one} />
        ))}
      </div>
      {totals.value?.isWhole === false && <p class="quiet">There are more than were counted.</p>}
      <PagedTable
        pages={pages}
        label="Evaluations"
        heads={['#score', 'run', 'agent', 'version', 'by', 'when', 'why']}
        row={(one) => (
          <tr key={one.evaluationId}>
            <td class="right">{score(one.score)}</td>
            <td class="mono">
              <a href={pageAt(['runs', one.subjectRunId])}>…{one.subjectRunId.slice(-12)}</a>
            </td>
            <td>{one.agent ?? '–'}</td>
            <td class="mono">{one.version?.slice(0, 12) ?? '–'}</td>
            <td>
              {one.evaluatorRunId === null ? (
                (one.by ?? '–')
              ) : (
                <a class="mono" href={pageAt(['runs', one.evaluatorRunId])}>
                  …{one.evaluatorRunId.slice(-12)}
                </a>
              )}
            </td>
            <td>{instant(one.createdAtMs)}</td>
            <td class="clip">{one.rationale}</td>
          </tr>
        )}
      >
        <h1>Nothing has been evaluated</h1>
        <p>
          A chart that invokes <code>evaluate</code> gives a run a score, and so does{' '}
          <code>heddle evaluations submit</code>.
        </p>
      </PagedTable>
    </>
  );
}

/** The histogram with its quartiles: a bar for each part of the scale. */
function Totals({ of }: { readonly of: EvaluationTotals }): JSX.Element {
  const { agent, version, count, mean, min, max, quartiles, histogram } = of;
  const most = Math.max(1, ...histogram);
  const label = `${count} scores, mean ${score(mean)}, median ${score(quartiles[1])}`;
  return (
    <figure class="total">
      <figcaption>
        <a href={pageAt(['evaluations'], { agent })}>
          <b>{agent}</b>
        </a>{' '}
        <span class="mono quiet">{version.slice(0, 12)}</span>
      </figcaption>
      <svg
        viewBox={`0 0 ${histogram.length * 10} 40`}
        preserveAspectRatio="xMinYMid"
        role="img"
        aria-label={label}
      >
        {histogram.map((n, at) => (
          <rect
            key={at}
            x={at * 10 + 1}
            y={40 - (38 * n) / most}
            width={8}
            height={(38 * n) / most}
            fill="var(--fill-completed)"
          />
        ))}
      </svg>
      <span class="small quiet">
        {count} scores, mean {score(mean)}, quartiles {quartiles.map(score).join(' ')}, {score(min)}{' '}
        to {score(max)}
      </span>
    </figure>
  );
}
