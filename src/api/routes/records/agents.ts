/** Agents: the versions that replicas have registered, the runs on each, their charts as data and drawn. */
import { z } from 'zod';
import { heddleError } from '../../../domain/errors.ts';
import { refuseField } from '../../../domain/field.ts';
import type { AgentView } from '../../../library/agents/agent-view.ts';
import { route, type Answer } from '../../route.ts';
import { json, limit, name } from '../../shapes.ts';

const agentShape = {
  agent: z.string(),
  version: z.string(),
  structure: z.string(),
  registeredAtMs: z.number(),
  isHere: z.boolean(),
};

const agents = route({
  method: 'GET',
  path: '/v1/agents',
  scope: 'read',
  summary:
    'Versions of agents that any replica has registered: 100 at most, after a name and version.',
  ofTenant: false,
  query: z.object({
    agent: name.optional(),
    afterAgent: name.optional(),
    afterVersion: name.optional(),
    limit: limit(100, 100),
  }),
  answers: { 200: z.object({ agents: z.array(z.object(agentShape)) }) },
  handle: async ({ heddle, query }) => {
    const { agent, afterAgent, afterVersion, limit: most } = query;
    if ((afterAgent === undefined) !== (afterVersion === undefined)) {
      refuseField('query.afterVersion', 'and afterAgent must stand beside each other');
    }
    const after =
      afterAgent === undefined || afterVersion === undefined
        ? {}
        : { after: { agent: afterAgent, version: afterVersion } };
    const list = await heddle.agents({
      limit: most,
      ...(agent === undefined ? {} : { agent }),
      ...after,
    });
    return { status: 200, body: { agents: list } };
  },
});

const versions = route({
  method: 'GET',
  path: '/v1/agents/:agent/versions',
  scope: 'read',
  summary:
    'Versions of an agent, with the open runs on each, of one tenant or of all that the caller may see. `isWhole`: false when there are more open runs than are counted.',
  ofTenant: true,
  params: z.object({ agent: name }),
  query: z.object({ after: name.optional(), limit: limit(100, 100) }),
  answers: {
    200: z.object({
      versions: z.array(z.object({ ...agentShape, openRuns: z.int() })),
      isWhole: z.boolean(),
    }),
  },
  handle: async ({ heddle, tenant, params: { agent }, query }) => {
    const { after: last, limit: most } = query;
    const after = last === undefined ? {} : { after: { agent, version: last } };
    const [list, { counts, isWhole }] = await Promise.all([
      heddle.agents({ agent, limit: most, ...after }),
      heddle.openRunsByVersion('tenant' in query ? { tenant } : {}),
    ]);
    if (list.length === 0 && last === undefined) await heddle.agent(agent);
    const open = new Map(
      counts.filter((one) => one.agent === agent).map((one) => [one.version, one.open]),
    );
    const shown = list.map((one) => ({ ...one, openRuns: open.get(one.version) ?? 0 }));
    return { status: 200, body: { versions: shown, isWhole } };
  },
});

const inFull = z
  .object({
    ...agentShape,
    definition: json,
    definitionMissing: z.string().nullable(),
    input: json,
    events: z.record(z.string(), json),
  })
  .meta({ id: 'AgentInFull' });

const newest = route({
  method: 'GET',
  path: '/v1/agents/:agent',
  scope: 'read',
  summary: 'The version of an agent that was registered last, in full.',
  ofTenant: false,
  params: z.object({ agent: name }),
  answers: { 200: inFull },
  handle: async ({ heddle, params }) => ({ status: 200, body: await heddle.agent(params.agent) }),
});

const ofVersion = z.object({ agent: name, version: name });

const definition = route({
  method: 'GET',
  path: '/v1/agents/:agent/versions/:version',
  scope: 'read',
  summary:
    'A version of an agent: its chart’s config as JSON, and the schemas of its input and events.',
  ofTenant: false,
  params: ofVersion,
  answers: { 200: inFull },
  handle: async ({ heddle, params }) => {
    return { status: 200, body: await heddle.agent(params.agent, params.version) };
  },
});

const drawnAs = z.enum(['mermaid', 'outline', 'sketch']);

const drawing = route({
  method: 'GET',
  path: '/v1/agents/:agent/versions/:version/drawing',
  scope: 'read',
  summary:
    'The chart of a version as text for Mermaid, as an outline, or as JSON for Stately Sketch: as text/plain, or as JSON where Accept names it.',
  ofTenant: false,
  params: ofVersion,
  headers: { Accept: '`application/json` gives the text within JSON.' },
  query: z.object({ as: drawnAs.default('mermaid') }),
  answers: { 200: z.object({ as: drawnAs, text: z.string() }) },
  mediaTypes: ['text/plain', 'application/json'],
  handle: async ({ heddle, params: { agent, version }, query: { as }, headers }) => {
    const text = await heddle[as](agent, version);
    if (text === null) throw missing(await heddle.agent(agent, version));
    return drawn({ as, text }, headers['accept']);
  },
});

const box = z.object({ x: z.number(), y: z.number(), width: z.number(), height: z.number() });

const chartShape = z
  .object({
    plan: z.object({
      root: z.string(),
      nodes: z.array(
        z.object({
          id: z.string(),
          key: z.string(),
          type: z.enum(['atomic', 'compound', 'parallel', 'final', 'history', 'group']),
          parent: z.string().nullable(),
          children: z.array(z.string()),
          initial: z.string().nullable(),
          rows: z.array(
            z.object({
              kind: z.enum(['invoke', 'entry', 'inlet']),
              text: z.string(),
              edges: z.array(z.string()).optional(),
            }),
          ),
          isDeep: z.boolean().optional(),
          alike: z.array(z.object({ id: z.string(), key: z.string() })).optional(),
        }),
      ),
      edges: z.array(
        z.object({
          id: z.string(),
          edges: z.array(z.string()),
          source: z.string(),
          target: z.string(),
          kind: z.enum(['event', 'always', 'after', 'done', 'error']),
          labels: z.array(z.string()),
        }),
      ),
    }),
    drawing: z
      .object({
        direction: z.enum(['DOWN', 'RIGHT']),
        width: z.number(),
        height: z.number(),
        nodes: z.record(z.string(), box),
        edges: z.record(
          z.string(),
          z.object({
            points: z.array(z.array(z.number()).length(2)),
            label: box.nullable(),
          }),
        ),
      })
      .nullable(),
    why: z.string().nullable(),
  })
  .meta({ id: 'AgentChart' });

const chart = route({
  method: 'GET',
  path: '/v1/agents/:agent/versions/:version/chart',
  scope: 'read',
  summary:
    'The chart of a version with the places of its states and edges, in px. `drawing`: null when it could not be laid out, and `why` says so: draw the outline then. `layout=kept` answers at once, with a drawing only where one was made before.',
  ofTenant: false,
  params: ofVersion,
  query: z.object({
    width: z.enum(['narrow', 'wide']).default('wide'),
    layout: z.enum(['wait', 'kept']).default('wait'),
  }),
  answers: { 200: chartShape },
  handle: async ({ heddle, layouts, params: { agent, version }, query: { width, layout } }) => {
    const plan = await heddle.plan(agent, version);
    if (plan === null) throw missing(await heddle.agent(agent, version));
    const key = JSON.stringify(plan);
    const isNarrow = width === 'narrow';
    const laidOut =
      layout === 'kept' ? layouts.kept(key, isNarrow) : await layouts.of(key, plan, isNarrow);
    const isDrawn = laidOut.kind === 'drawn';
    const drawing = isDrawn ? laidOut.chart : null;
    return { status: 200, body: { plan, drawing, why: isDrawn ? null : laidOut.why } };
  },
});

function missing({ agent, version, definitionMissing }: AgentView): Error {
  return heddleError('definition-missing', { agent, version, why: definitionMissing ?? 'unknown' });
}

function drawn(body: { readonly as: string; readonly text: string }, accept = ''): Answer {
  const vary = { vary: 'accept' };
  if (/\bapplication\/json\b/i.test(accept)) return { status: 200, body, headers: vary };
  const headers = { ...vary, 'content-type': 'text/plain; charset=utf-8' };
  return { status: 200, body: body.text, headers };
}

export const agentRoutes = [agents, newest, versions, definition, drawing, chart];
