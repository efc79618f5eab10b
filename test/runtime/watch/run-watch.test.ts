/** Word of runs for those who watch, without a runtime around it. */
import { expect, it } from 'vitest';
import type { Place } from '../../../src/domain/calls/phase.ts';
import { asRunId } from '../../../src/domain/ids.ts';
import { RunWatch, type RunNow, type RunWord } from '../../../src/runtime/watch/run-watch.ts';
import { ManualClock } from '../../support/manual-clock.ts';

const runId = asRunId('01900000-0000-7000-8000-000000000001');
const other = asRunId('01900000-0000-7000-8000-000000000002');
const run = { tenant: 't', runId, turn: 1, status: 'calling-provider', ended: false } as const;

function world() {
  const clock = new ManualClock();
  const asked: string[] = [];
  const warnings: string[] = [];
  const place: Place | null = null;
  let now: RunNow | null = null;
  const log = { info: () => undefined, warn: (text: string) => void warnings.push(text) };
  const watch = new RunWatch({ clock, log });
  watch.of({
    nowOf: (id) => {
      asked.push(id);
      return id === runId ? now : null;
    },
    placeOf: () => place,
    all: () => (now === null ? [] : [now]),
  });
  const set = (phase: RunNow['phase'], provider: string | null = null): void => {
    now = phase === null ? null : { ...run, phase, provider };
    watch.moved(run);
  };
  return { watch, place, clock, asked, warnings, set };
}

it('costs nothing while nobody listens: no phase is asked for, no timer set', () => {
  const { watch, clock, asked, set } = world();
  set('in-slot', 'a');
  watch.changed(run);
  expect(asked).toEqual([]);
  expect(clock.nextMs).toBeNull();
  const leave = watch.run(other, () => undefined);
  asked.length = 0;
  set('answered');
  watch.changed(run);
  expect(asked).toEqual([]);
  leave();
  expect(clock.nextMs).toBeNull();
});

it('tells the phase that is now to a listener that begins, then the newest of each run', async () => {
  const { watch, clock, set } = world();
  set('waits-for-slot');
  const heard: RunWord[] = [];
  const leave = watch.run(runId, (word) => void heard.push(word));
  watch.runs((word) => void heard.push(word));
  expect(heard.map(({ phase, row }) => [phase, row])).toEqual([
    ['waits-for-slot', false],
    ['waits-for-slot', false],
  ]);
  leave();
  set('in-slot', 'a');
  set('answered', 'a');
  await clock.advance(1_000);
  expect(heard.slice(2).map(({ phase }) => phase)).toEqual(['answered']);
  set(null);
  await clock.advance(1_000);
  expect(heard.at(-1)).toMatchObject({ phase: null, provider: null, row: false, turn: 1 });
});

it('tells a turn at once with the phase after it, and no phase of a run that has ended', () => {
  const { watch, set, place } = world();
  const heard: RunWord[] = [];
  watch.run(runId, (word) => void heard.push(word));
  set('in-slot', 'a');
  watch.changed({ ...run, turn: 2 });
  watch.changed({ ...run, turn: 3, status: 'completed', ended: true });
  expect(heard).toEqual([
    { ...run, turn: 2, phase: 'in-slot', provider: 'a', row: true, place },
    {
      ...run,
      turn: 3,
      status: 'completed',
      ended: true,
      phase: null,
      provider: null,
      row: true,
      place,
    },
  ]);
});

it('a listener that throws keeps nothing from the others', () => {
  const { watch, warnings } = world();
  const heard: RunWord[] = [];
  watch.runs(() => {
    throw new Error('planted');
  });
  watch.runs((word) => void heard.push(word));
  watch.changed(run);
  expect(heard).toHaveLength(1);
  expect(warnings).toEqual(['a watcher of runs threw']);
});
