/** What can be done with the run: answers, events that its state takes, commands, a start once more, copies as commands. */
import type { JSX } from 'preact';
import { useRef, useState } from 'preact/hooks';
import type { Client, Json, RunInFull } from '../../client/index.ts';
import { SchemaForm } from '../look/schema-form.tsx';
import { toClipboard } from '../look/clipboard.ts';
import { Payload } from '../look/payload.tsx';
import { access, client } from '../shell/access.ts';
import { useAnswer } from '../shell/ask.ts';
import { apiAt } from '../shell/base.ts';
import { useKeys } from '../keys/keys.ts';
import { go, pageAt } from '../shell/router.ts';
import { Trouble } from '../shell/trouble.tsx';
import { acceptedEvents } from './accepted-events.ts';
import { copiesOf } from './copies.ts';
import { InspectorLink } from './inspector-link.tsx';

type Props = { readonly run: RunInFull; readonly again: () => void };

/** `what`: the same command is not given beside itself; another one is. */
type Act = (what: string, does: (on: Client) => Promise<unknown>) => Promise<void>;

export function RunActions({ run, again }: Props): JSX.Element {
  const [trouble, setTrouble] = useState<Error | null>(null);
  const [said, setSaid] = useState('');
  const { current: underWay } = useRef(new Set<string>());
  const act: Act = async (what, does) => {
    // One click, one command.
    if (underWay.has(what)) return;
    underWay.add(what);
    setTrouble(null);
    setSaid('');
    try {
      await does(client.value);
      setSaid('heddle has it.');
      again();
    } catch (error) {
      setTrouble(error instanceof Error ? error : new Error(String(error)));
    } finally {
      underWay.delete(what);
    }
  };
  const isOpen = run.endedAtMs === null;
  return (
    <section class="section run-actions" aria-label="What can be done">
      {trouble !== null && <Trouble error={trouble} />}
      <p role="status" class="small quiet">
        {said}
      </p>
      {isOpen && <Questions run={run} act={act} />}
      {isOpen && <Events run={run} act={act} />}
      {isOpen && <Commands run={run} act={act} />}
      <Rerun run={run} act={act} />
      <Copies run={run} />
      <InspectorLink run={run} />
    </section>
  );
}

function Questions({
  run,
  act,
}: {
  readonly run: RunInFull;
  readonly act: Act;
}): JSX.Element | null {
  const asked = useAnswer((on) => on.runs.questions(run.id), [run.id, run.turn]);
  const { value } = asked;
  const box = useRef<HTMLDivElement>(null);
  useKeys({ a: () => box.current?.querySelector<HTMLElement>('input, select, textarea')?.focus() });
  if (value === null && asked.trouble !== null)
    return <Trouble error={asked.trouble} again={asked.again} />;
  if (value === null || value.length === 0) return null;
  return (
    <div ref={box}>
      {value.map(({ askId, question, schema, data, assignee }) => (
        <div key={askId} class="question">
          <b>{question}</b> {assignee !== null && <span class="quiet">for {assignee}</span>}
          {data !== null && <Payload value={data} label="what comes with the question" />}
          <SchemaForm
            schema={schema}
            action="Answer"
            isNeeded
            submit={(answer) =>
              act(`answer ${askId}`, (on) => on.runs.answer(run.id, askId, answer as Json))
            }
          />
        </div>
      ))}
    </div>
  );
}

function Events({ run, act }: { readonly run: RunInFull; readonly act: Act }): JSX.Element | null {
  const { value } = useAnswer(
    (on) => on.agents.get(run.agent, run.version),
    [run.agent, run.version],
  );
  const [chosen, setChosen] = useState<string | null>(null);
  const types = value === null ? [] : acceptedEvents(value, run.state);
  // What somebody writes stays, also while the run is in a state that does not take it.
  const type = chosen ?? types[0] ?? null;
  const isTaken = type !== null && types.includes(type);
  const box = useRef<HTMLSelectElement>(null);
  useKeys({
    e: () => {
      box.current?.closest('details')?.setAttribute('open', '');
      box.current?.focus();
    },
  });
  if (value === null || type === null) return null;
  const schema = Object.hasOwn(value.events, type) ? value.events[type] : null;
  return (
    <details>
      <summary>Send an event</summary>
      <label class="field">
        <span>Events that its state takes</span>
        <select
          ref={box}
          class="input"
          value={type}
          onChange={({ currentTarget }) => setChosen(currentTarget.value)}
        >
          {(isTaken ? types : [type, ...types]).map((one) => (
            <option key={one}>{one}</option>
          ))}
        </select>
      </label>
      {!isTaken && (
        <p class="small" role="status">
          The run is in a state that does not take {type} now.
        </p>
      )}
      <div onInput={() => setChosen(type)}>
        <SchemaForm
          key={type}
          schema={schema}
          without={['type']}
          initial={schema === null ? {} : undefined}
          action={`Send ${type}`}
          submit={(fields) =>
            act('send', (on) => on.runs.send(run.id, { ...(fields as Record<string, Json>), type }))
          }
        />
      </div>
    </details>
  );
}

function Commands({ run, act }: { readonly run: RunInFull; readonly act: Act }): JSX.Element {
  const isPaused = run.status === 'paused';
  const [isAsking, setAsking] = useState(false);
  const turn = (): void =>
    void act('pause', (on) => (isPaused ? on.runs.resume(run.id) : on.runs.pause(run.id)));
  useKeys({
    p: ({ repeat }) => {
      if (!repeat) turn();
    },
  });
  return (
    <div class="buttons">
      <button class="button" type="button" onClick={turn}>
        {isPaused ? 'Resume' : 'Pause'} <kbd>p</kbd>
      </button>
      {isAsking ? (
        <>
          <span>It ends with its children, calls and waits.</span>
          <button
            class="button main"
            type="button"
            onClick={() => {
              setAsking(false);
              void act('cancel', (on) => on.runs.cancel(run.id));
            }}
          >
            Yes, cancel
          </button>
          <button class="button" type="button" onClick={() => setAsking(false)}>
            No
          </button>
        </>
      ) : (
        <button class="button" type="button" onClick={() => setAsking(true)}>
          Cancel …
        </button>
      )}
    </div>
  );
}

function Rerun({ run, act }: { readonly run: RunInFull; readonly act: Act }): JSX.Element {
  const { value, trouble } = useAnswer((on) => on.agents.get(run.agent), [run.agent]);
  const schema = value?.input ?? null;
  return (
    <details>
      <summary>Start again</summary>
      <p class="small">
        A new run begins on the newest version. What this run has done outside (tasks, messages,
        memory) is done once more.
      </p>
      {(value !== null || trouble !== null) && (
        <SchemaForm
          key={JSON.stringify(schema)}
          schema={schema}
          initial={run.input}
          action="Start again with this input"
          submit={(input) =>
            act('rerun', async (on) => {
              const { id } = await on.runs.rerun(run.id, { input: input as Json });
              go(pageAt(['runs', id]));
            })
          }
        />
      )}
    </details>
  );
}

function Copies({ run }: { readonly run: RunInFull }): JSX.Element {
  const [said, setSaid] = useState('');
  const copies = copiesOf(run, { apiAt, hasToken: access.value.token !== undefined });
  const copy = async (text: string): Promise<void> => {
    const whyNot = await toClipboard(text);
    setSaid(whyNot === null ? 'Copied.' : `Not copied: ${whyNot}. ${text}`);
  };
  return (
    <div class="buttons">
      {(['curl', 'command'] as const).map((name) => (
        <button
          key={name}
          class="button small"
          type="button"
          title={copies[name]}
          onClick={() => void copy(copies[name])}
        >
          Copy as {name}
        </button>
      ))}
      <span role="status" class="small quiet">
        {said}
      </span>
    </div>
  );
}
