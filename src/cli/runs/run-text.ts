/** Runs, turns and questions for people. */
import type { ListedRun, Outcome, Question, RunFacets, Turn } from '../../client/index.ts';
import { harmless, iso, tableOf } from '../api/printed.ts';

export function runTable(runs: readonly ListedRun[]): string {
  return tableOf(
    ['run', 'agent', 'status', 'calls', 'turn', 'user', 'pipeline', 'tags', 'created'],
    runs.map(({ id, agent, status, call, turn, user, pipeline, tags, createdAtMs }) => {
      return [
        id,
        agent,
        status,
        callText(call),
        turn,
        user,
        pipeline,
        tags.join(', '),
        iso(createdAtMs),
      ];
    }),
  );
}

/** The phase, and the gate where it is. */
const callText = (call: ListedRun['call']): string =>
  [call?.phase, call?.provider].filter((part) => typeof part === 'string').join(' ');

export function facetText({ isWhole, total, by }: RunFacets): string {
  const rows = Object.entries(by).flatMap(([field, counts]) =>
    Object.entries(counts)
      .toSorted(([, a], [, b]) => b - a)
      .map(([value, count]) => [field, value, count]),
  );
  const all = isWhole ? `${total} runs` : `${total}+ runs; of the newest ${total}:`;
  return rows.length === 0 ? all : `${all}\n${tableOf(['by', 'value', 'runs'], rows)}`;
}

export function turnText({ turn, atMs, entries }: Turn): string {
  const types = entries.map((entry) => typeOf(entry) + senderOf(entry)).join(', ');
  return harmless(`turn ${turn}  ${iso(atMs)}  ${types}`);
}

function typeOf(entry: unknown): string {
  const { type, event } = Object(entry) as { readonly type?: unknown; readonly event?: unknown };
  if (typeof type === 'string') return type;
  const { type: inner } = Object(event) as { readonly type?: unknown };
  return typeof inner === 'string' ? inner : JSON.stringify(entry).slice(0, 80);
}

const senderOf = ({ by }: Turn['entries'][number]): string => (by === undefined ? '' : ` by ${by}`);

/** What a run came to, as a sentence. */
export function outcomeText({ id, status, error }: Outcome): string {
  if (error === undefined) return `Run ${id} is ${status}.`;
  return harmless(`Run ${id} is ${status}: ${error.code}: ${error.message}`);
}

export function questionList(questions: readonly Question[]): string {
  return questions
    .map(({ askId, runId, agent, question, schema, data, assignee, askedAtMs }) => {
      const lines = [question, `  run    ${runId} (${agent})`, `  askId  ${askId}`];
      if (assignee !== null) lines.push(`  for    ${assignee}`);
      if (data !== null) lines.push(`  about  ${JSON.stringify(data)}`);
      if (schema !== null) lines.push(`  schema ${JSON.stringify(schema)}`);
      return [...lines, `  asked  ${iso(askedAtMs)}`].join('\n');
    })
    .join('\n');
}
