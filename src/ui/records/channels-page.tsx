/** Channels: what was published, which groups read it, and how far each of them is. */
import type { JSX } from 'preact';
import type { GroupView, Message } from '../../client/index.ts';
import { Payload } from '../look/payload.tsx';
import { duration, instant, nowMs } from '../look/time.ts';
import { useAgain, useAnswer } from '../shell/ask.ts';
import { pageAt, query, setQuery } from '../shell/router.ts';
import { Trouble } from '../shell/trouble.tsx';
import { PagedTable, usePages } from './page-of.tsx';
import { PrefixField } from './prefix-field.tsx';

const whole = new Intl.NumberFormat('en');
const shownMessages = 50;

export function ChannelsPage({
  words: [channel],
}: {
  readonly words: readonly string[];
}): JSX.Element {
  return channel === undefined ? <Channels /> : <Channel key={channel} channel={channel} />;
}

function Channels(): JSX.Element {
  const prefix = query.value.get('prefix') ?? '';
  const pages = usePages((on, cursor) => on.channels.list({ prefix, cursor }), [prefix]);
  return (
    <>
      <div class="head">
        <h1>Channels</h1>
        <PrefixField prefix={prefix} />
      </div>
      <PagedTable
        pages={pages}
        label="Channels"
        heads={['channel', '#newest', '#messages kept', '#groups', 'last published']}
        row={({ channel, head, messages, groups, newestAtMs }) => (
          <tr key={channel}>
            <td class="mono">
              <a href={pageAt(['channels', channel])}>{channel}</a>
            </td>
            <td class="right">{whole.format(head)}</td>
            <td class="right">{whole.format(messages)}</td>
            <td class="right">{whole.format(groups)}</td>
            <td>{newestAtMs === null ? '–' : `${duration(nowMs.value - newestAtMs)} ago`}</td>
          </tr>
        )}
      >
        <h1>{prefix === '' ? 'There is no channel yet' : 'No channel begins so'}</h1>
        <p>
          A channel is there with its first message:{' '}
          <code>heddle channels publish NAME '{'{}'}'</code>, or a chart that invokes{' '}
          <code>publish</code>.
        </p>
      </PagedTable>
    </>
  );
}

/** The messages of one page; `list` is null until they are there. Which are the newest is known with the head. */
function useMessages(
  channel: string,
  head: number | null,
): {
  readonly after: number;
  readonly list: readonly Message[] | null;
  readonly trouble: Error | null;
  readonly again: () => void;
} {
  const asked = Number(query.value.get('from') ?? 0);
  const from = Number.isSafeInteger(asked) ? asked : 0;
  const after = from > 0 ? from - 1 : Math.max(0, (head ?? 0) - shownMessages);
  const isPlaced = from > 0 || head !== null;
  const { value, trouble, again } = useAnswer(
    async (on) => {
      const read = isPlaced
        ? await on.channels.read(channel, { after, limit: shownMessages })
        : null;
      return { after, messages: read?.messages ?? null };
    },
    [channel, after, isPlaced],
  );
  const list = value?.after === after ? value.messages : null;
  return { after, list, trouble, again };
}

function Channel({ channel }: { readonly channel: string }): JSX.Element {
  const groups = useAnswer((on) => on.channels.groups(channel), [channel]);
  const head = groups.value?.head ?? 0;
  const messages = useMessages(channel, groups.value?.head ?? null);
  const { after, list: shown } = messages;
  useAgain(() => {
    groups.again();
    messages.again();
  }, 2_000);
  const trouble = groups.trouble ?? messages.trouble;
  return (
    <>
      <div class="head">
        <a class="quiet" href={pageAt(['channels'])}>
          Channels
        </a>
        <h1 class="mono">{channel}</h1>
        <span class="quiet">newest message {whole.format(head)}</span>
      </div>
      {trouble !== null && <Trouble error={trouble} again={groups.again} />}
      <section class="section">
        <h2>Groups</h2>
        {groups.value?.groups.length === 0 && <NoGroup />}
        <Groups groups={groups.value?.groups ?? []} />
      </section>
      <section class="section">
        <h2>Messages {head > 0 && <small>from {whole.format(after + 1)}</small>}</h2>
        <div class="buttons">
          <button
            class="button small"
            type="button"
            disabled={after === 0}
            onClick={() => setQuery({ from: Math.max(1, after + 1 - shownMessages) })}
          >
            Earlier
          </button>
          <button
            class="button small"
            type="button"
            disabled={after + shownMessages >= head}
            onClick={() => setQuery({ from: after + 1 + shownMessages })}
          >
            Later
          </button>
          <button class="button small" type="button" onClick={() => setQuery({ from: null })}>
            Newest
          </button>
        </div>
        {shown?.length === 0 && (
          <p class="quiet">
            {head === 0
              ? 'Nobody has published here yet; the channel is there with its first message.'
              : after >= head
                ? 'There is no message here yet.'
                : 'These messages are not kept any more.'}
          </p>
        )}
        {(shown ?? []).map((message) => (
          <MessageLine key={message.seq} message={message} />
        ))}
      </section>
    </>
  );
}

function NoGroup(): JSX.Element {
  return (
    <p class="quiet">
      No group has read it yet. A run that waits for its first message is among the{' '}
      <a class="link" href={pageAt(['runs'], { q: 'state:waiting-on-channel' })}>
        runs that wait on a channel
      </a>
      .
    </p>
  );
}

function Groups({ groups }: { readonly groups: readonly GroupView[] }): JSX.Element {
  return (
    <table aria-label="Groups">
      <tbody>
        {groups.map(({ group, cursor, lag, leased }) => (
          <tr key={group}>
            <td class="mono">{group}</td>
            <td>was given up to {whole.format(cursor)}</td>
            <td>
              lag <b>{whole.format(lag)}</b>
            </td>
            <td>{leased === 0 ? '' : `${whole.format(leased)} under a lease`}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function MessageLine({
  message: { seq, payload, runId, publishedAtMs },
}: {
  readonly message: Message;
}): JSX.Element {
  return (
    <details>
      <summary>
        <span class="mono">{seq}</span> <span class="quiet">{instant(publishedAtMs)}</span>{' '}
        {runId === null ? (
          <span class="quiet">from outside</span>
        ) : (
          <a class="mono" href={pageAt(['runs', runId])}>
            …{runId.slice(-12)}
          </a>
        )}{' '}
        <span class="mono quiet">{(JSON.stringify(payload) ?? '').slice(0, 120)}</span>
      </summary>
      <Payload value={payload} label={`message ${seq}`} />
    </details>
  );
}
