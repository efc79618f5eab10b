/**
 * A request for each route that changes something by POST, for the test of repeated requests. Each is made in a tenant
 * of its own, so that what it has changed can be counted.
 */
import { expect } from 'vitest';
import { eventually } from '../support/heddle.ts';
import type { Served } from './served.ts';

type Made = {
  readonly path: string;
  readonly body?: unknown;
  /** Another request to the same route; undefined: it has no other, for its path says it all. */
  readonly other?: unknown;
  /** How often the request has had its effect. */
  readonly effects: () => Promise<number>;
};
type Sample = (ask: Served['ask'], tenant: string) => Promise<Made>;

const start = { agent: 'approval', input: { request: 'x' } };

type Entry = { readonly kind: string; readonly by?: string };

async function aRun(ask: Served['ask'], tenant: string): Promise<string> {
  const { body } = await ask('POST', `/v1/runs?tenant=${tenant}`, start);
  const { id } = body as { id: string };
  await eventually(async () => {
    const { body: run } = await ask('GET', `/v1/runs/${id}?tenant=${tenant}`);
    expect(run.status).toBe('waiting-on-person');
  });
  return id;
}

/** How many lines of this kind the run's journal has, once the run has taken `last`, which is sent now. */
async function linesOf(
  ask: Served['ask'],
  run: string,
  kind: string,
  last: { readonly path: string; readonly body?: unknown; readonly word: string } | null,
): Promise<number> {
  const [at, tenant = ''] = run.split('?');
  if (last !== null) await ask('POST', `${at}/${last.path}?${tenant}`, last.body);
  let entries: readonly Entry[] = [];
  await eventually(async () => {
    const { body } = await ask('GET', `${at}/journal?${tenant}`);
    entries = body.turns.flatMap((turn: { entries: Entry[] }) => turn.entries);
    expect(JSON.stringify(entries)).toContain(last === null ? `"${kind}"` : last.word);
  });
  const isIt = (entry: Entry): boolean => {
    return entry.kind === kind && !JSON.stringify(entry).includes('"marker"');
  };
  return entries.filter(isIt).length;
}

/** How many runs the tenant has, once all of them have begun: those under a key begin in a commit of their own. */
async function begun(ask: Served['ask'], tenant: string): Promise<number> {
  const { runs } = (await ask('GET', `/v1/runs?tenant=${tenant}`)).body;
  await eventually(async () => {
    const waiting = `/v1/runs?tenant=${tenant}&status=waiting-on-person`;
    expect((await ask('GET', waiting)).body.runs).toHaveLength(runs.length);
  });
  return runs.length;
}

const marker = { path: 'events', body: { type: 'marker' }, word: '"marker"' };

const command =
  (kind: 'cancel' | 'pause' | 'resume'): Sample =>
  async (ask, tenant) => {
    const id = await aRun(ask, tenant);
    const at = `/v1/runs/${id}`;
    if (kind === 'resume') await ask('POST', `${at}/pause?tenant=${tenant}`, {});
    const body = { reason: 'why not' };
    const resume = { path: 'resume', body: {}, word: '"resume"' };
    const last = { cancel: null, pause: resume, resume: marker }[kind];
    const effects = () => linesOf(ask, `${at}?tenant=${tenant}`, kind, last);
    return { path: `${at}/${kind}?tenant=${tenant}`, body, other: { reason: 'other' }, effects };
  };

const channel = (tenant: string, rest: string): string => `/v1/channels/c/${rest}?tenant=${tenant}`;

const leases: Sample = async (ask, tenant) => {
  for (const payload of [1, 2, 3])
    await ask('POST', channel(tenant, 'messages'), { payload, delayMs: 0 });
  const path = channel(tenant, 'groups/g/leases');
  const effects = async () => 3 - (await ask('POST', path, { max: 3 })).body.messages.length;
  return { path, body: { max: 1 }, other: { max: 2 }, effects };
};

/** By route. */
export const samples: Readonly<Record<string, Sample>> = {
  '/v1/runs': async (ask, tenant) => ({
    path: `/v1/runs?tenant=${tenant}`,
    body: { ...start, user: 'ann' },
    other: { ...start, user: 'ben' },
    effects: () => begun(ask, tenant),
  }),
  '/v1/runs/batch': async (ask, tenant) => ({
    path: `/v1/runs/batch?tenant=${tenant}`,
    body: { starts: [start, start] },
    other: { starts: [start] },
    effects: async () => (await begun(ask, tenant)) / 2,
  }),
  '/v1/runs/:runId/events': async (ask, tenant) => {
    const id = await aRun(ask, tenant);
    const path = `/v1/runs/${id}/events?tenant=${tenant}`;
    const effects = () => linesOf(ask, `/v1/runs/${id}?tenant=${tenant}`, 'event', marker);
    return { path, body: { type: 'hurry' }, other: { type: 'slow' }, effects };
  },
  '/v1/runs/:runId/answers': async (ask, tenant) => {
    const id = await aRun(ask, tenant);
    const { body: asked } = await ask('GET', `/v1/runs/${id}/questions?tenant=${tenant}`);
    const { askId } = asked.questions[0];
    const path = `/v1/runs/${id}/answers?tenant=${tenant}`;
    const effects = () => linesOf(ask, `/v1/runs/${id}?tenant=${tenant}`, 'done', null);
    const body = { askId, answer: { approved: true } };
    return { path, body, other: { askId, answer: { approved: false } }, effects };
  },
  '/v1/runs/:runId/cancel': command('cancel'),
  '/v1/runs/:runId/pause': command('pause'),
  '/v1/runs/:runId/resume': command('resume'),
  '/v1/channels/:channel/messages': async (ask, tenant) => ({
    path: channel(tenant, 'messages'),
    body: { payload: { n: 1 } },
    other: { payload: { n: 2 } },
    effects: async () => (await ask('GET', channel(tenant, 'messages'))).body.head,
  }),
  '/v1/channels/:channel/groups/:group/leases': leases,
  '/v1/channels/:channel/groups/:group/acknowledgements': async (ask, tenant) => {
    await ask('POST', channel(tenant, 'messages'), { payload: 1 });
    const { body } = await ask('POST', channel(tenant, 'groups/g/leases'), { max: 1 });
    const tokens = body.messages.map(({ token }: { token: string }) => token);
    const path = channel(tenant, 'groups/g/acknowledgements');
    // Whoever acknowledges again, under no key, is told that it was done.
    const effects = async () =>
      (await ask('POST', path, { tokens })).body.acknowledged.filter((held: boolean) => !held)
        .length;
    return { path, body: { tokens }, other: { tokens: ['1:x'] }, effects };
  },
  '/v1/channels/:channel/groups/:group/renewals': async (ask, tenant) => {
    await ask('POST', channel(tenant, 'messages'), { payload: 1 });
    const { body } = await ask('POST', channel(tenant, 'groups/g/leases'), { max: 1 });
    const tokens = body.messages.map(({ token }: { token: string }) => token);
    const path = channel(tenant, 'groups/g/renewals');
    // A second renewal of the same length cannot be told from the first.
    const effects = async () => (await ask('POST', path, { tokens })).body.renewed.length;
    return { path, body: { tokens }, other: { tokens: ['1:x'] }, effects };
  },
  '/v1/runs/commands': async (ask, tenant) => {
    const id = await aRun(ask, tenant);
    const body = { command: 'pause', filter: { agent: 'approval' }, matches: 1 };
    const resume = { path: 'resume', body: {}, word: '"resume"' };
    const effects = () => linesOf(ask, `/v1/runs/${id}?tenant=${tenant}`, 'pause', resume);
    return {
      path: `/v1/runs/commands?tenant=${tenant}`,
      body,
      other: { ...body, matches: 2 },
      effects,
    };
  },
  '/v1/runs/:runId/rerun': async (ask, tenant) => {
    const id = await aRun(ask, tenant);
    const effects = async () =>
      (await ask('GET', `/v1/runs?tenant=${tenant}`)).body.runs.length - 1;
    const other = { input: { request: 'y' } };
    return { path: `/v1/runs/${id}/rerun?tenant=${tenant}`, body: {}, other, effects };
  },
  '/v1/runs/:runId/evaluations': async (ask, tenant) => {
    const path = `/v1/runs/${await aRun(ask, tenant)}/evaluations?tenant=${tenant}`;
    const body = { score: 0.5, rationale: 'fair' };
    const effects = async () => (await ask('GET', path)).body.evaluations.length;
    return { path, body, other: { ...body, score: 1 }, effects };
  },
  '/v1/memory/:scope/:owner/:key': async (ask, tenant) => {
    const path = `/v1/memory/user/ann/k?tenant=${tenant}`;
    const versions = `/v1/memory/user/ann/k/versions?tenant=${tenant}`;
    const effects = async () => (await ask('GET', versions)).body.versions.length;
    return { path, body: { value: 1 }, other: { value: 2 }, effects };
  },
};

/** Routes whose effect is the same after a second one, so that nothing can be counted. */
export const uncounted: Readonly<
  Record<string, { readonly path: string; readonly body?: unknown }>
> = {
  '/v1/providers/:provider/reopen': { path: '/v1/providers/stub/reopen', body: {} },
  '/v1/providers/:provider/probe': { path: '/v1/providers/stub/probe' },
};
