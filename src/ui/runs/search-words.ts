/**
 * The search of the runs page: words such as `state:open agent:editor age:>30s`, which the address keeps, and the filter
 * that they mean. A word that means nothing is told, and changes nothing.
 */
import type { OpenRunsFilter, RunsFilter, RunsQuery, RunStatus } from '../../client/index.ts';
import { isEnded, listed } from '../look/states.ts';

export const searchKeys = [
  'state',
  'phase',
  'agent',
  'user',
  'pipeline',
  'parent',
  'code',
  'tag',
  'id',
  'age',
] as const;
export type SearchKey = (typeof searchKeys)[number];

export type SearchWord = { readonly key: SearchKey; readonly value: string };

export type Search = {
  readonly words: readonly SearchWord[];
  /** What is not understood, as it was written. */
  readonly unknown: readonly string[];
};

/** What is meant. The stream and the counts know no phase; a command to all that fit cannot be given by one. */
export type RunsMeant = RunsFilter & Pick<RunsQuery, 'phase'>;

const phases: readonly NonNullable<RunsQuery['phase']>[] = [
  'waits-for-slot',
  'in-slot',
  'answered',
];

const isKey = (key: string): key is SearchKey => (searchKeys as readonly string[]).includes(key);

/** Statuses; phases are no statuses, so `slot` is not among them. */
const statuses = listed.filter((look) => look !== 'slot') as readonly RunStatus[];
const openStatuses = statuses.filter((status) => !isEnded(status));

/** A value with spaces, or one that begins with a quote, stands in quotes; a quote and a backslash in it behind a backslash. */
export function parseSearch(text: string): Search {
  const words: SearchWord[] = [];
  const unknown: string[] = [];
  for (const [whole, key = '', quoted, plain = ''] of text.matchAll(
    /(?:([a-z]+):)?(?:"((?:[^"\\]|\\.)*)"|(\S+))/gs,
  )) {
    const value = quoted === undefined ? plain : quoted.replaceAll(/\\(.)/gs, '$1');
    const isBegun = quoted === undefined && plain.startsWith('"');
    if (isKey(key) && value !== '' && !isBegun && isMeant(key, value)) words.push({ key, value });
    else unknown.push(whole);
  }
  return { words, unknown };
}

export function writeSearch(words: readonly SearchWord[]): string {
  return words
    .map(({ key, value }) => {
      const isPlain = !/\s|^"/.test(value);
      return `${key}:${isPlain ? value : `"${value.replaceAll(/["\\]/g, String.raw`\$&`)}"`}`;
    })
    .join(' ');
}

function isMeant(key: SearchKey, value: string): boolean {
  if (key === 'state') return statusesOf(value).length > 0;
  if (key === 'phase') return phases.some((phase) => phase === value);
  // No tag holds one: heddle takes it for two tags.
  if (key === 'tag') return !value.includes(',');
  return key !== 'age' || ageMs(value) !== null;
}

function statusesOf(value: string): readonly RunStatus[] {
  if (value === 'open') return openStatuses;
  if (value === 'ended') return statuses.filter(isEnded);
  return statuses.filter((status) => status === value);
}

const unitMs: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** `>30s`, `<2h`: how old a run is. */
function ageMs(value: string): { readonly sign: '>' | '<'; readonly ms: number } | null {
  const [, sign, count, unit = ''] = /^([<>])(\d+)([smhd])$/.exec(value) ?? [];
  if (sign !== '>' && sign !== '<') return null;
  return { sign, ms: Number(count) * (unitMs[unit] ?? 0) };
}

/** `nowMs`: from when ages are counted. Of several words with one key but state and tag, the last one counts. */
export function filterOf({ words }: Search, nowMs: number): RunsMeant {
  const of = (key: SearchKey): readonly string[] =>
    words.filter((word) => word.key === key).map(({ value }) => value);
  const last = (key: SearchKey): string | undefined => of(key).at(-1);
  const status = [...new Set(of('state').flatMap(statusesOf))];
  const ages = of('age').flatMap((value) => ageMs(value) ?? []);
  const phase = phases.find((one) => one === last('phase'));
  const older = ages.findLast(({ sign }) => sign === '>');
  const younger = ages.findLast(({ sign }) => sign === '<');
  const texts = {
    agent: last('agent'),
    user: last('user'),
    pipeline: last('pipeline'),
    parent: last('parent'),
    code: last('code'),
    idPrefix: last('id'),
  };
  return {
    ...(status.length === 0 ? {} : { status }),
    ...(phase === undefined ? {} : { phase }),
    ...Object.fromEntries(Object.entries(texts).filter(([, value]) => value !== undefined)),
    ...(of('tag').length === 0 ? {} : { tag: of('tag') }),
    ...(older === undefined ? {} : { startedBelowMs: nowMs - older.ms }),
    ...(younger === undefined ? {} : { startedFromMs: nowMs - younger.ms }),
  };
}

/** What a command to all that match is given; null where ended runs alone are meant, or a phase, which passes too soon. */
export function openFilterOf({ status, code, phase, ...filter }: RunsMeant): OpenRunsFilter | null {
  if (code !== undefined || phase !== undefined) return null;
  const open = (status ?? openStatuses).filter((one) => !isEnded(one));
  return open.length === 0 ? null : { ...filter, status: open };
}
