/** One inspector's connection over a store of the test's own. */
import { expect, it } from 'vitest';
import { oneTenant } from '../../../src/access/scopes.ts';
import { encoder072 } from '../../../src/api/inspector/frames/encoder-0-7-2.ts';
import { InspectorSession } from '../../../src/api/inspector/follow/session.ts';
import { systemClock } from '../../../src/system.ts';
import { eventually } from '../../support/heddle.ts';

const runId = '00000000-0000-4000-8000-000000000001';

it('what could not be read is read again, and told', async () => {
  const run = { runId, tenant: 'looms', agent: 'weaver', version: '1', user: 'ann' };
  const brief = (turn: number) => {
    return { ...run, turn, status: 'waiting', createdAtMs: 1, endedAtMs: null, parentRunId: null };
  };
  let [turn, faults] = [1, 0];
  const runStates = async (asked: readonly { readonly limit: number }[]) => {
    if (faults-- > 0) throw new Error('the database is away');
    const entriesText = JSON.stringify([{ kind: 'event', event: { type: 'GO' } }]);
    const rows = asked[0]?.limit === 0 ? [] : [{ turn, build: null, atMs: 2, entriesText }];
    const head = { turn, status: 'waiting', endedAtMs: null };
    return [{ head, rows, chartText: '{"value":"on"}', outputText: null, error: null }];
  };
  let changed: (states: readonly unknown[]) => void = () => undefined;
  const frames: { readonly type: string }[] = [];
  let gone = (): void => undefined;
  const socket = {
    isOver: false,
    onGone: (then: () => void) => void (gone = then),
    send: async (frame: { readonly type: string }) => void frames.push(frame),
  };
  const session = new InspectorSession({
    socket,
    asked: {
      filter: { kind: 'runs', agent: 'weaver', user: null },
      tenant: undefined,
      context: false,
      encoder: encoder072,
    },
    scope: oneTenant('looms'),
    showing: null,
    live: {
      clock: systemClock,
      log: { warn: () => undefined },
      reads: { runStates, briefs: async () => [] },
    },
    projection: {
      open: () => [brief(1)],
      watch: (hearer: { changed: typeof changed; reset: () => void }) => {
        ({ changed } = hearer);
        hearer.reset();
        return () => undefined;
      },
    },
    definition: async () => null,
    checkAgent: async () => null,
    below: async () => [],
    allowed: async () => null,
  } as never);
  const running = session.run();
  const types = (): string[] => frames.map(({ type }) => type);
  await eventually(async () => expect(types()).toEqual(['@heddle.open', '@xstate.actor']));
  [turn, faults] = [2, 1];
  changed([brief(2)]);
  await eventually(async () =>
    expect(types().slice(2)).toEqual(['@xstate.event', '@xstate.snapshot']),
  );
  socket.isOver = true;
  gone();
  await running;
});
