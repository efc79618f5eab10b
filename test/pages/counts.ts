/** What the activity page says, and what the database says. */
import type { Page } from 'playwright-core';
import pg from 'pg';
import { listed, words, type Look } from '../../src/ui/look/states.ts';

export type Counts = Readonly<Record<string, number>>;

const ended: readonly string[] = ['completed', 'failed', 'cancelled'];
/** The three phases of one status; only the pool knows them. */
const calling: readonly Look[] = ['slot', 'calling-provider', 'admitted'];

/** A text, for it runs in the page and not here. */
const readInPage = `({
  say: document.querySelector('.say')?.textContent ?? '',
  rows: [...document.querySelectorAll('[aria-label="Runs by state"] .legend-row')].map((row) =>
    [...row.children].map((cell) => cell.textContent ?? ''),
  ),
})`;

/** The numbers of the list of states and of the sentence, as one frame shows them. */
export async function shownBy(
  page: Page,
): Promise<{ readonly open: number; readonly looks: Counts }> {
  const { say, rows } = await page.evaluate<{ say: string; rows: string[][] }>(readInPage);
  const looks = Object.fromEntries(
    listed.map((look) => {
      const row = rows.find((cells) => cells.includes(words[look]));
      return [look, Number((row?.at(-1) ?? 'NaN').replaceAll(',', ''))];
    }),
  );
  const [, open = '0'] = /^([\d,]+) of/.exec(say) ?? [];
  return { open: Number(open.replaceAll(',', '')), looks };
}

/** Open runs of each status, and how many calls are in a slot of a replica that lives. */
export async function storedIn(
  databaseUrl: string,
): Promise<{ readonly open: number; readonly statuses: Counts; readonly inSlots: number }> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ status: string; n: string }>(
      'select status, count(*) as n from heddle.runs where ended_at is null group by status',
    );
    const slots = await client.query<{ n: string }>(
      `select count(*) as n from heddle.provider_slots join heddle.replicas using (replica_id)
       where call is not null and lease_until > now()`,
    );
    const statuses = Object.fromEntries(rows.map(({ status, n }) => [status, Number(n)]));
    const open = Object.values(statuses).reduce((sum, n) => sum + n, 0);
    return { open, statuses, inSlots: Number(slots.rows[0]?.n) };
  } finally {
    await client.end();
  }
}

/** What the page shows and the database does not know, or the other way round; empty when they agree. */
export function differences(
  { open, looks }: Awaited<ReturnType<typeof shownBy>>,
  stored: Awaited<ReturnType<typeof storedIn>>,
): string[] {
  const found: string[] = [];
  const compare = (what: string, shown: number | undefined, kept: number): void => {
    if ((shown ?? 0) !== kept) found.push(`${what}: the page shows ${shown}, there are ${kept}`);
  };
  compare('open', open, stored.open);
  compare('in a slot', looks['slot'], stored.inSlots);
  const shownCalling = calling.reduce((sum, look) => sum + (looks[look] ?? 0), 0);
  const { 'calling-provider': callingNow = 0, admitted = 0, ...others } = stored.statuses;
  compare('calling', shownCalling, callingNow + admitted);
  for (const look of listed) {
    if (ended.includes(look) || calling.includes(look)) continue;
    compare(look, looks[look], others[look] ?? 0);
  }
  return found;
}

/** A frame's counts of states sum to the open runs that it names. */
export function sumOf(looks: Counts): number {
  return Object.entries(looks).reduce((sum, [look, n]) => sum + (ended.includes(look) ? 0 : n), 0);
}
