/** What an audit has found, in words: what should never be, and what there is. */

export type Finding = {
  readonly what: string;
  readonly count: number;
};

export type AuditWords =
  /** There are too many rows, so nothing was counted. */
  | { readonly kind: 'too-many'; readonly rows: number; readonly rowsMax: number }
  | {
      readonly kind: 'counted';
      /** Each should be 0. */
      readonly faults: readonly Finding[];
      /** What there is. */
      readonly kept: readonly Finding[];
      readonly openRuns: number;
      readonly isClean: boolean;
    };

type Facts = Readonly<Record<string, unknown>>;

const ends: readonly string[] = ['completed', 'failed', 'cancelled'];

const faultNames: readonly (readonly [field: string, what: string])[] = [
  ['channelGaps', 'messages lost'],
  ['doubledMessages', 'messages taken twice'],
  ['memoryGaps', 'memory versions lost'],
  ['doubledEvaluations', 'evaluations doubled'],
  ['orphanedSubscriptions', 'subscriptions orphaned'],
  ['journalGaps', 'turns lost'],
];

const keptNames: readonly (readonly [field: string, what: string])[] = [
  ['messages', 'messages'],
  ['memoryVersions', 'memory versions'],
  ['evaluations', 'evaluations'],
];

const numberOf = (value: unknown): number => (typeof value === 'number' ? value : 0);

export function auditWords(facts: Facts): AuditWords {
  if (facts['isWhole'] !== true) {
    return {
      kind: 'too-many',
      rows: numberOf(facts['rows']),
      rowsMax: numberOf(facts['rowsMax']),
    };
  }
  const named = (names: typeof faultNames): readonly Finding[] =>
    names.map(([field, what]) => ({ what, count: numberOf(facts[field]) }));
  const runs = Object.entries((facts['runs'] ?? {}) as Readonly<Record<string, number>>);
  const sum = (of: typeof runs): number => of.reduce((all, [, n]) => all + n, 0);
  const openRuns = sum(runs.filter(([status]) => !ends.includes(status)));
  // While runs are open they hold slots; a slot that is held when none is open is lost.
  const slots = openRuns > 0 ? 0 : numberOf(facts['slotsInUse']);
  const faults = [...named(faultNames), { what: 'slots not given back', count: slots }];
  return {
    kind: 'counted',
    faults,
    kept: [
      ...ends.map((status) => ({
        what: `runs ${status}`,
        count: sum(runs.filter(([one]) => one === status)),
      })),
      { what: 'runs open', count: openRuns },
      ...named(keptNames),
    ],
    openRuns,
    isClean: faults.every(({ count }) => count === 0),
  };
}

const whole = new Intl.NumberFormat('en');

/** In a sentence. */
export function verdictOf(words: AuditWords): string {
  if (words.kind === 'too-many') {
    return `Not audited: there are at least ${whole.format(words.rows)} rows, and an audit counts ${whole.format(words.rowsMax)} at most.`;
  }
  const found = words.faults.filter(({ count }) => count > 0);
  if (found.length > 0) {
    const names = found.map(({ what, count }) => `${whole.format(count)} ${what}`);
    return `Not whole: ${names.join(', ')}.`;
  }
  const open =
    words.openRuns === 0 ? 'no run is open' : `${whole.format(words.openRuns)} runs are open`;
  return `Whole: nothing is lost, doubled or orphaned, and ${open}.`;
}
