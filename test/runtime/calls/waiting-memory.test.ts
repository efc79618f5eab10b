/**
 * What a call that waits far back in its line costs in memory, and a task that waits for a permit (promise 7).
 * `HEDDLE_WAITING_CALLS=100000` measures so many, and a failure says how many bytes it was.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { capacityDefaults } from '../../../src/domain/capacity-settings.ts';
import { asReplicaId, asRunId } from '../../../src/domain/ids.ts';
import { createKernel } from '../../../src/kernel/kernel.ts';
import type { ChartState } from '../../../src/kernel/port.ts';
import { Agents } from '../../../src/runtime/agents.ts';
import { Budgets } from '../../../src/runtime/calls/budgets/budgets.ts';
import { CallInputs } from '../../../src/runtime/calls/call-inputs.ts';
import { Calls } from '../../../src/runtime/calls/calls.ts';
import { CallImages } from '../../../src/runtime/calls/attempt/call-images.ts';
import { Conversations } from '../../../src/runtime/calls/conversations.ts';
import { LeaseValve } from '../../../src/runtime/calls/lease-valve.ts';
import { Permits } from '../../../src/runtime/calls/call/permits.ts';
import { RunTasks } from '../../../src/runtime/tasks/run-tasks.ts';
import { Backlog } from '../../../src/runtime/wake/backlog.ts';
import { TenantWeights } from '../../../src/runtime/wake/tenant-weights.ts';
import { Texts } from '../../../src/runtime/calls/texts.ts';
import { nothingHeld } from '../../../src/runtime/turn/held.ts';
import { createMemoryStore } from '../../../src/store/memory/memory-store.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { scriptedProvider } from '../../support/scripted-provider.ts';

const promptChars = 10_000;
/** Of a call with its place in the line; a prompt alone would be twenty times that. */
const bytesMax = 500;
/** With the account of its user in the line. */
const accountBytesMax = 750;
const count = Number(process.env['HEDDLE_WAITING_CALLS'] ?? 10_000);

const nothing = (): void => undefined;

function newCalls(): Calls {
  const clock = new ManualClock();
  const store = createMemoryStore({ nowMs: () => clock.nowMs() });
  const log = { info: nothing, warn: nothing };
  const providers = [scriptedProvider({ ceiling: 10 })];
  const parts = { store, clock, log };
  return new Calls({
    ...parts,
    capacity: capacityDefaults,
    valve: new LeaseValve(),
    ids: { random: () => 0.5 } as never,
    replicaId: asReplicaId('00000000-0000-7000-8000-000000000000'),
    providers,
    budgets: new Budgets({
      ...parts,
      defaults: {},
      providers,
      news: nothing,
      capacity: capacityDefaults,
    }),
    weights: new TenantWeights(),
    backlog: new Backlog(1),
    conversations: new Conversations(parts),
    images: new CallImages(parts),
    inputs: new CallInputs({ ...parts, kernel: createKernel(), agents: new Agents([]) }),
    keptPerSlot: 2,
    permits: new Permits({ max: 1, onCallsMayGo: nothing, capacity: capacityDefaults }),
    deliver: nothing,
    rests: nothing,
    doubted: nothing,
    wanted: nothing,
    texts: new Texts({ info: () => undefined, warn: () => undefined }),
  });
}

function newTasks(permits: Permits): RunTasks {
  return new RunTasks({
    clock: new ManualClock(),
    valve: new LeaseValve(),
    permits,
    weights: new TenantWeights(),
    backlog: new Backlog(1),
    log: { info: nothing, warn: nothing },
    deliver: nothing,
    wake: nothing,
  });
}

/** A text of its own, as rows bring it. */
const copy = (text: string): string => Buffer.from(text).toString('latin1');

function runAsking(n: number, prompt: string, users: number) {
  const runId = asRunId(`01900000-0000-7000-8000-${n.toString(16).padStart(12, '0')}`);
  return {
    tenant: copy('default'),
    runId,
    shard: n % 32,
    agent: 'asker',
    version: '1',
    user: copy(`user ${n % users}`),
    pipeline: copy(runId),
    parent: null,
    inputText: JSON.stringify({ prompt }),
    idempotencyKey: null,
    priority: 'normal',
  } as const;
}

/** As its turn leaves it with the commit. */
function open(calls: Calls, n: number, users = 100): void {
  const prompt = copy('x'.repeat(promptChars));
  const run = runAsking(n, prompt, users);
  const source = { kind: 'generate' } as const;
  const invocation = { id: copy('ask'), incarnation: 1, source, input: { prompt } };
  const state = { status: 'active', invocations: [invocation], timers: [] } as never as ChartState;
  calls.settle({ run, held: nothingHeld, turn: 1, status: 'calling-provider' }, state);
}

function heapBytes(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  for (let i = 0; i < 3; i++) collect();
  return process.memoryUsage().heapUsed;
}

/** Of the things that `add` adds; the first thousand make what is there once, or keep what they have. */
function bytesEach(add: (n: number) => void): number {
  for (let n = 0; n < 1_000; n++) add(n);
  const before = heapBytes();
  for (let n = 0; n < count; n++) add(1_000 + n);
  return (heapBytes() - before) / count;
}

describe('what waits is its place in the line', () => {
  it('a call: neither its prompt nor a snapshot', () => {
    const calls = newCalls();
    expect(bytesEach((n) => open(calls, n))).toBeLessThan(bytesMax);
    expect(calls.pool.stats(0).queued).toBe(1_000 + count);
  });

  it('a call of a user who has no other: its account as well', () => {
    const calls = newCalls();
    expect(bytesEach((n) => open(calls, n, Infinity))).toBeLessThan(accountBytesMax);
  });

  it('a task: neither its input nor a snapshot', () => {
    const permits = new Permits({ max: 1, onCallsMayGo: nothing, capacity: capacityDefaults });
    permits.serve({ inFlight: 1 });
    const tasks = newTasks(permits);
    const add = (n: number): void => {
      const input = copy('x'.repeat(promptChars));
      const source = { kind: 'task', src: 'work' } as const;
      const invocation = { id: copy('work'), incarnation: 1, source, input };
      const state = { status: 'active', invocations: [invocation] } as never as ChartState;
      const run = runAsking(n, input, 100);
      tasks.settle({ run, agent: null as never, state, held: nothingHeld, reason: null });
    };
    expect(bytesEach(add)).toBeLessThan(bytesMax);
    expect(permits.lineLength).toBe(1_000 + count);
  });
});
