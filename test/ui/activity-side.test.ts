/** What stands beside the weave: the audit in words, and which workload is followed. */
import { describe, expect, it } from 'vitest';
import { tenantOf } from '../../src/circuits/circuit.ts';
import { newestOf } from '../../src/ui/activity/newest-of.ts';
import { fairnessWords, slowestWords } from '../../src/ui/activity/side/fairness-words.ts';
import { Pipelines } from '../../src/ui/activity/worker/pipelines.ts';
import { auditWords, verdictOf } from '../../src/ui/activity/side/audit-words.ts';

const clean = {
  isWhole: true,
  rows: 60,
  rowsMax: 2_000_000,
  runs: { completed: 28, failed: 2 },
  messages: 40,
  memoryVersions: 30,
  evaluations: 10,
  unconsumedMessages: 3,
  channelGaps: 0,
  doubledMessages: 0,
  memoryGaps: 0,
  doubledEvaluations: 0,
  orphanedSubscriptions: 0,
  journalGaps: 0,
  slotsInUse: 0,
};
const verdict = (facts: object): string => verdictOf(auditWords({ ...clean, ...facts }));

describe('the audit in words', () => {
  it('is whole where nothing is that should never be', () => {
    const words = auditWords(clean);
    expect(words).toMatchObject({ kind: 'counted', isClean: true, openRuns: 0 });
    expect(verdict({})).toBe('Whole: nothing is lost, doubled or orphaned, and no run is open.');
  });

  it.each([
    ['channelGaps', 'messages lost'],
    ['doubledMessages', 'messages taken twice'],
    ['memoryGaps', 'memory versions lost'],
    ['doubledEvaluations', 'evaluations doubled'],
    ['orphanedSubscriptions', 'subscriptions orphaned'],
    ['journalGaps', 'turns lost'],
    ['slotsInUse', 'slots not given back'],
  ])('names %s', (field, words) => {
    expect(verdict({ [field]: 2 })).toBe(`Not whole: 2 ${words}.`);
  });

  it('takes slots of open runs for no fault, and says that runs are open', () => {
    const runs = { completed: 1, 'calling-provider': 2, queued: 1 };
    expect(verdict({ runs, slotsInUse: 2 })).toBe(
      'Whole: nothing is lost, doubled or orphaned, and 3 runs are open.',
    );
  });

  it('never calls whole what was not counted', () => {
    const words = auditWords({ isWhole: false, rows: 2_000_001, rowsMax: 2_000_000 });
    expect(verdictOf(words)).toBe(
      'Not audited: there are at least 2,000,001 rows, and an audit counts 2,000,000 at most.',
    );
  });
});

it('of circuits the newest is followed, whatever its scale and mode', () => {
  const at = (ms: string): string => `0197a4f1-${ms}-7cc3-98c4-dc0c0c07398f`;
  const names = [
    tenantOf('statechart', 1_000, at('0001')),
    tenantOf('tool-loop', 10, at('0003')),
    tenantOf('statechart', 50, at('0002')),
  ];
  expect(newestOf(names)).toBe(names[1]);
  expect(newestOf([])).toBeNull();
});

it('fairness names who is furthest and who is last, or that all are alike', () => {
  const user = (name: string, done: number, runs = 10) => ({ user: name, runs, done });
  expect(fairnessWords([])).toBeNull();
  expect(fairnessWords([user('a', 3), user('b', 3)])).toBe('All users are served alike: 30% done.');
  expect(fairnessWords([user('a', 3), user('b', 9), user('c', 1, 2)])).toBe(
    'Furthest is b with 90% done, last a with 30%.',
  );
});

it('the slowest user is told beside the median of all, of pipelines that ended within a minute', () => {
  const pipelines = new Pipelines();
  const end = (user: string, n: number, fromMs: number, toMs: number): void => {
    const of = { agent: 'a', user, createdAtMs: fromMs };
    const runs = [1, 2].map((k) => ({ ...of, runId: `${user}${n}${k}`, pipeline: `${user}-${n}` }));
    for (const run of runs) pipelines.begun(run);
    for (const run of runs) pipelines.ended(run, toMs);
  };
  expect(slowestWords(pipelines.slowest(0))).toBeNull();
  end('old', 1, 0, 30_000);
  for (let n = 0; n < 3; n++) end('ann', n, 60_000, 61_000 + n);
  expect(pipelines.slowest(95_000)).toBeNull();
  for (let n = 0; n < 2; n++) end('bob', n, 60_000, 64_000 + n);
  expect(pipelines.slowest(95_000)).toEqual({ user: 'bob', ms: 4_001, ofAllMs: 1_002 });
  expect(slowestWords({ user: 'bob', ms: 4_000, ofAllMs: 1_000 })).toBe(
    'Slowest is bob: its median pipeline took 4.0 s, that of all 1.0 s (4.0 times).',
  );
  expect(slowestWords({ user: '', ms: 5, ofAllMs: 0 })).toMatch(
    /^Slowest is \(no user\): .* 0 ms\.$/,
  );
});
