/** What a run did, for people: its snapshot as of a turn, the attempts of its calls. */
import type { Attempt, Client, Edge, RunSnapshot } from '../../client/index.ts';
import type { ApiFlags } from '../api/api-flags.ts';
import { fieldsText, iso, printList, printOne, tableOf } from '../api/printed.ts';
import type { Streams } from '../streams.ts';
import { wholeOf } from '../whole.ts';

const turns = { min: 1, max: 2_147_483_646 } as const;

export async function printTurn(
  client: Client,
  id: string,
  flags: ApiFlags & { readonly turn?: string },
  streams: Streams,
): Promise<void> {
  const turn = wholeOf(flags.turn ?? '', 'turn', turns);
  printOne(streams, flags, await client.runs.snapshotAt(id, turn), snapshotText);
}

function snapshotText({ exact, asOf, turn, edges, atMs, open, ...rest }: RunSnapshot): string {
  const { status, value, context } = rest;
  return fieldsText({
    turn: String(turn),
    at: iso(atMs),
    status,
    exact: exactText(exact, asOf, turn),
    state: asOf === null ? null : value,
    context: asOf === null ? null : context,
    edges: edges?.map(edgeText).join('; '),
    open,
  });
}

function exactText(exact: RunSnapshot['exact'], asOf: number | null, turn: number): string {
  if (exact === true) return 'yes';
  const why =
    exact === 'chart-changed'
      ? 'no: the chart’s code has changed since'
      : 'no: the process that was asked has no chart of this version (--url of one that has)';
  if (asOf === null) return `${why}, and no state was kept`;
  return asOf === turn ? why : `${why}; the state is that of turn ${asOf}`;
}

const edgeText = ({ source, event, targets }: Edge): string =>
  `${source} ${event} → ${targets.length === 0 ? 'stays' : targets.join(', ')}`;

export async function printAttempts(
  client: Client,
  id: string,
  flags: ApiFlags,
  streams: Streams,
): Promise<void> {
  const found: Attempt[] = [];
  for await (const attempt of client.runs.attemptsAll(id)) found.push(attempt);
  printList(streams, flags, found, { text: attemptTable, none: 'No provider was asked yet.' });
}

function attemptTable(list: readonly Attempt[]): string {
  return tableOf(
    ['turn', 'call', 'attempt', 'provider', 'sent', 'took ms', 'how', 'fault'],
    list.map(({ turn, invocationId, attempt, count, provider, sentAtMs, endedAtMs, ...rest }) => {
      const { how, fault = '', waitMs } = rest;
      const ended = count === 1 ? how : `${how} ×${count}`;
      const waits = waitMs === undefined ? '' : `, wait ${waitMs} ms`;
      const tookMs = endedAtMs - sentAtMs;
      const times = [iso(sentAtMs), tookMs];
      return [turn, invocationId, attempt, provider, ...times, ended + waits, shortened(fault)];
    }),
  );
}

const shortened = (text: string): string => (text.length > 80 ? `${text.slice(0, 80)}…` : text);
