/** Agents: their versions with the runs on each, the chart, and a start with a form. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { AgentVersionRuns, Json } from '../../client/index.ts';
import { asView, ChartView } from '../chart/chart-view.tsx';
import { useChart } from '../chart/use-chart.ts';
import { SchemaForm } from '../look/schema-form.tsx';
import { instant } from '../look/time.ts';
import { client } from '../shell/access.ts';
import { writeSearch } from '../runs/search-words.ts';
import { useAgain, useAnswer } from '../shell/ask.ts';
import { go, pageAt, query, setQuery } from '../shell/router.ts';
import { Empty, Trouble } from '../shell/trouble.tsx';
import { ChartCopies } from './chart-copies.tsx';

const versionsMs = 5_000;

export function AgentsPage({ words: [agent] }: { readonly words: readonly string[] }): JSX.Element {
  return agent === undefined ? <Agents /> : <Agent key={agent} name={agent} />;
}

function Agents(): JSX.Element {
  const { value, trouble, again } = useAnswer((on) => on.agents.list(), []);
  if (value === null) {
    return trouble === null ? (
      <p class="quiet">Looking …</p>
    ) : (
      <Trouble error={trouble} again={again} />
    );
  }
  if (value.length === 0) {
    return (
      <Empty title="No agent is registered">
        <p>
          Give one to <code>heddle serve my-agent.mjs</code>, or to <code>createHeddle</code>.
        </p>
      </Empty>
    );
  }
  return (
    <>
      <div class="head">
        <h1>Agents</h1>
      </div>
      <div class="scrolls" role="region" aria-label="Agents" tabIndex={0}>
        <table aria-label="Agents">
          <thead>
            <tr>
              {['agent', 'version', 'registered', 'here'].map((head) => (
                <th key={head} scope="col">
                  {head}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {value.map(({ agent, version, registeredAtMs, isHere }) => (
              <tr key={`${agent} ${version}`}>
                <td>
                  <a href={pageAt(['agents', agent], { version })}>{agent}</a>
                </td>
                <td class="mono">{version.slice(0, 20)}</td>
                <td>{instant(registeredAtMs)}</td>
                <td>{isHere ? 'yes' : 'on another replica'}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

function Agent({ name }: { readonly name: string }): JSX.Element {
  const version = query.value.get('version') ?? undefined;
  const agent = useAnswer((on) => on.agents.get(name, version), [name, version]);
  const versions = useAnswer((on) => on.agents.versions(name), [name]);
  const own = agent.value?.version;
  const drawn = useChart(name, own ?? version);
  // A start is of the newest version, whichever is shown; another may come while the page is open.
  const known = versions.value?.versions.map((one) => one.version).join();
  const newest = useAnswer((on) => on.agents.get(name), [name, known]);
  useAgain(versions.again, versionsMs);
  const trouble = agent.trouble ?? (own === undefined ? null : drawn.trouble);
  const again = (): void => {
    agent.again();
    drawn.again();
  };
  return (
    <>
      <div class="head">
        <a class="quiet" href={pageAt(['agents'])}>
          Agents
        </a>
        <h1>{name}</h1>
        <span class="mono quiet">{own}</span>
        <a
          class="link"
          href={pageAt(['runs'], { q: writeSearch([{ key: 'agent', value: name }]) })}
        >
          its runs
        </a>
      </div>
      {trouble !== null && <Trouble error={trouble} again={again} />}
      {own !== undefined && drawn.chart === null && trouble === null && (
        <p class="quiet">Drawing …</p>
      )}
      {drawn.chart !== null && (
        <ChartView
          chart={drawn.chart}
          label={`The chart of ${name}`}
          view={asView(query.value.get('view'))}
          setView={(view) => setQuery({ view })}
        />
      )}
      {own !== undefined && <ChartCopies key={own} agent={name} version={own} />}
      {agent.value !== null && (
        <Versions name={name} own={own} all={versions.value?.versions ?? []} />
      )}
      {newest.value !== null && (
        <StartForm
          // What somebody writes outlives a version that asks for the same.
          key={JSON.stringify(newest.value.input)}
          name={name}
          schema={newest.value.input}
        />
      )}
    </>
  );
}

function Versions({
  name,
  own,
  all,
}: {
  readonly name: string;
  /** The one that is shown. */
  readonly own: string | undefined;
  readonly all: readonly AgentVersionRuns[];
}): JSX.Element {
  return (
    <section class="section">
      <h2>Versions</h2>
      <table aria-label="Versions">
        <thead>
          <tr>
            {['version', 'runs', 'registered', ''].map((head) => (
              <th key={head} scope="col">
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {all.map(({ version, openRuns, registeredAtMs, isHere }) => (
            <tr key={version}>
              <td class="mono">
                <a
                  href={pageAt(['agents', name], { version })}
                  aria-current={version === own ? 'true' : undefined}
                >
                  {version}
                </a>
              </td>
              <td>{openRuns} open runs</td>
              <td>{instant(registeredAtMs)}</td>
              <td>{isHere ? '' : 'on another replica'}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function StartForm({
  name,
  schema,
}: {
  readonly name: string;
  readonly schema: unknown;
}): JSX.Element {
  const [trouble, setTrouble] = useState<Error | null>(null);
  return (
    <section class="section">
      <h2>
        Start a run <small>of the newest version</small>
      </h2>
      {trouble !== null && <Trouble error={trouble} />}
      <SchemaForm
        schema={schema}
        action="Start"
        submit={async (input) => {
          setTrouble(null);
          try {
            const { id } = await client.value.runs.start(
              name,
              input === null ? {} : { input: input as Json },
            );
            go(pageAt(['runs', id]));
          } catch (error) {
            setTrouble(error instanceof Error ? error : new Error(String(error)));
          }
        }}
      />
    </section>
  );
}
