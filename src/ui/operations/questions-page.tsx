/** The inbox: what runs ask people, oldest first, with a form for each answer. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { Json, Question } from '../../client/index.ts';
import { AddressField } from '../look/address-field.tsx';
import { Payload } from '../look/payload.tsx';
import { SchemaForm } from '../look/schema-form.tsx';
import { duration, nowMs } from '../look/time.ts';
import { usePages } from '../records/page-of.tsx';
import { client } from '../shell/access.ts';
import { useAgain } from '../shell/ask.ts';
import { pageAt, query, setQuery } from '../shell/router.ts';
import { Empty, Trouble } from '../shell/trouble.tsx';

export function QuestionsPage(): JSX.Element {
  const assignee = query.value.get('assignee') ?? '';
  const agent = query.value.get('agent') ?? '';
  const of = { ...(assignee === '' ? {} : { assignee }), ...(agent === '' ? {} : { agent }) };
  const pages = usePages((on, cursor) => on.questions.list({ ...of, cursor }), [assignee, agent]);
  const [answered, setAnswered] = useState<ReadonlySet<string>>(new Set());
  // A page that somebody has gone on from, or writes in, stays still.
  useAgain(() => {
    const { activeElement: at } = document;
    const isWriting = at instanceof HTMLElement && at.closest('form') !== null;
    if (pages.isFirst && !isWriting) pages.again();
  }, 5_000);
  const shown = (pages.items ?? []).filter(({ askId }) => !answered.has(askId));
  return (
    <>
      <div class="head">
        <h1>Questions</h1>
        {(['assignee', 'agent'] as const).map((field) => (
          <label class="prefix" key={field}>
            <span class="quiet">{field === 'assignee' ? 'for' : 'of agent'}</span>
            <AddressField
              class="input"
              value={field === 'assignee' ? assignee : agent}
              give={(text) => setQuery({ [field]: text })}
            />
          </label>
        ))}
      </div>
      {pages.trouble !== null && <Trouble error={pages.trouble} again={pages.again} />}
      {pages.items !== null && shown.length === 0 && !pages.hasMore && (
        <Empty
          title={
            assignee === '' && agent === ''
              ? 'Nobody is asked anything'
              : 'No such question is open'
          }
        >
          <p>
            A chart that invokes <code>ask</code> waits for a person; its question comes here.
          </p>
        </Empty>
      )}
      {shown.map((question) => (
        <Asked
          key={question.askId}
          question={question}
          answered={() => setAnswered((before) => new Set(before).add(question.askId))}
        />
      ))}
      {pages.hasMore && (
        <button class="button" type="button" onClick={pages.more}>
          Show more
        </button>
      )}
    </>
  );
}

function Asked({
  question: { askId, runId, agent, question, schema, data, assignee, askedAtMs },
  answered,
}: {
  readonly question: Question;
  readonly answered: () => void;
}): JSX.Element {
  const [trouble, setTrouble] = useState<Error | null>(null);
  return (
    <article class="section question">
      <div>
        <b>{question}</b>
      </div>
      <p class="small quiet">
        {agent}{' '}
        <a class="mono" href={pageAt(['runs', runId])}>
          …{runId.slice(-12)}
        </a>{' '}
        asks {assignee === null ? 'anybody' : assignee} for {duration(nowMs.value - askedAtMs)}
      </p>
      {data !== null && <Payload value={data} label="what comes with the question" />}
      {trouble !== null && <Trouble error={trouble} />}
      <SchemaForm
        schema={schema}
        action="Answer"
        isNeeded
        submit={async (answer) => {
          setTrouble(null);
          try {
            await client.value.runs.answer(runId, askId, answer as Json);
            answered();
          } catch (error) {
            setTrouble(error instanceof Error ? error : new Error(String(error)));
          }
        }}
      />
    </article>
  );
}
