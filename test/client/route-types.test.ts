/**
 * The types of `heddle/client` against the schemas of the API's own table of routes, by the compiler: what a route
 * answers must be what the client says, key by key, and what the client sends must be what the route takes.
 */
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { routes } from '../../src/api/routes.ts';
import { typeText } from './schema-types.ts';

/** By route: what the client says of its answers, and of the bodies that it takes. */
const answered: Readonly<Record<string, string>> = {
  'POST /v1/runs 202': 'C.Started',
  'POST /v1/runs/batch 202': '{ readonly runs: readonly C.Started[] }',
  'GET /v1/runs 200': '{ readonly runs: readonly C.ListedRun[]; readonly cursor: string }',
  'GET /v1/runs/facets 200': 'C.RunFacets',
  'POST /v1/runs/commands/count 200': '{ readonly matches: number }',
  'POST /v1/runs/commands 202': 'C.BulkDone',
  'GET /v1/runs/:runId/children 200': 'C.RunChildren',
  'POST /v1/runs/:runId/rerun 202': 'C.Started',
  'GET /v1/runs/:runId 200': 'C.RunInFull',
  'GET /v1/runs/:runId/output 200': 'C.Outcome',
  'GET /v1/runs/:runId/output 202': 'C.Outcome',
  'GET /v1/runs/:runId/inside 200': 'C.RunInside',
  'GET /v1/runs/:runId/journal 200': '{ readonly turns: readonly C.Turn[] }',
  'GET /v1/runs/:runId/turns 200': '{ readonly turns: readonly C.TracedTurn[] }',
  'GET /v1/runs/:runId/turns/:turn 200': 'C.RunSnapshot',
  'GET /v1/runs/:runId/attempts 200': 'C.AttemptsWindow',
  'GET /v1/runs/:runId/evaluations 200': '{ readonly evaluations: readonly C.Evaluation[] }',
  'GET /v1/runs/:runId/questions 200': '{ readonly questions: readonly C.Question[] }',
  'GET /v1/questions 200': '{ readonly questions: readonly C.Question[]; readonly cursor: string }',
  'POST /v1/channels/:channel/messages 202': '{ readonly messageId: string }',
  'GET /v1/channels/:channel/messages 200':
    '{ readonly head: number; readonly messages: readonly C.Message[] }',
  'POST /v1/channels/:channel/groups/:group/leases 200':
    '{ readonly messages: readonly C.LeasedMessage[] }',
  'POST /v1/channels/:channel/groups/:group/acknowledgements 200':
    '{ readonly acknowledged: readonly boolean[] }',
  'POST /v1/runs/:runId/evaluations 201': '{ readonly evaluationId: string }',
  'GET /v1/evaluations 200':
    '{ readonly evaluations: readonly C.Evaluation[]; readonly cursor: string }',
  'GET /v1/evaluations/totals 200': 'C.EvaluationCounts',
  'GET /v1/channels 200':
    '{ readonly channels: readonly C.ChannelView[]; readonly cursor: string }',
  'GET /v1/channels/:channel/groups 200': 'C.GroupsPage',
  'POST /v1/channels/:channel/groups/:group/renewals 200':
    '{ readonly renewed: readonly boolean[] }',
  'GET /v1/memory/:scope/:owner 200':
    '{ readonly entries: readonly C.EntryView[]; readonly cursor: string }',
  'GET /v1/memory/:scope/:owner/:key 200': 'C.MemoryEntry',
  'PUT /v1/memory/:scope/:owner/:key 200': 'C.Written',
  'POST /v1/memory/:scope/:owner/:key 200': 'C.Written',
  'DELETE /v1/memory/:scope/:owner/:key 200': 'C.Written',
  'GET /v1/memory/:scope/:owner/:key/versions 200':
    '{ readonly versions: readonly C.MemoryVersion[] }',
  'GET /v1/budgets 200': '{ readonly budgets: readonly C.UserBudget[]; readonly cursor: string }',
  'GET /v1/budgets/tenant 200': 'C.BudgetView',
  'PUT /v1/budgets/tenant 200': 'C.BudgetView',
  'GET /v1/access 200': 'C.Access',
  'GET /v1/tenants 200': '{ readonly tenants: readonly string[] }',
  'GET /v1/replicas 200': 'C.Replicas',
  'GET /v1/activity 200': 'C.Activity',
  'GET /v1/providers 200': '{ readonly providers: readonly C.Provider[] }',
  'GET /v1/providers/waits 200': 'C.LineWaits',
  'GET /v1/agents 200': '{ readonly agents: readonly C.AgentVersionView[] }',
  'GET /v1/agents/:agent/versions 200': 'C.AgentVersions',
  'GET /v1/agents/:agent/versions/:version/chart 200': 'C.AgentChart',
  'GET /v1/agents/:agent/versions/:version 200': 'C.AgentInFull',
  'GET /v1/agents/:agent/versions/:version/drawing 200':
    "{ readonly as: 'mermaid' | 'outline' | 'sketch'; readonly text: string }",
};
const taken: Readonly<Record<string, string>> = {
  'POST /v1/runs': 'C.Start',
  'POST /v1/runs/batch': '{ readonly starts: C.Start[] }',
  'POST /v1/runs/:runId/events': '{ readonly type: string; readonly [key: string]: C.Json }',
  'POST /v1/runs/:runId/answers': '{ readonly askId: string; readonly answer: C.Json }',
  'POST /v1/runs/commands':
    'C.BulkRequest & { readonly command: C.BulkCommand; readonly filter: C.OpenRunsFilter }',
  'POST /v1/runs/:runId/rerun': '{ readonly input?: C.Json }',
  'POST /v1/runs/:runId/cancel': '{ readonly reason?: string }',
  'PUT /v1/budgets/tenant': 'C.Budget',
  'POST /v1/providers/:provider/reopen': '{ readonly endsCooling?: boolean }',
};

const here = fileURLToPath(new URL('./types-of-routes.ts', import.meta.url));

function schemaText(schema: z.ZodType, io: 'input' | 'output', any: string): string {
  return typeText(z.toJSONSchema(schema, { io, unrepresentable: 'any' }), any);
}

/** One line for each thing that must hold: so that an error of the compiler names the route by its line. */
function program(): readonly string[] {
  const find = (name: string) => {
    const [method, path] = name.split(' ');
    const found = routes.find((one) => one.method === method && one.path === path);
    if (found === undefined) throw new Error(`${name} is no route`);
    return found;
  };
  const lines = [
    "import type * as C from '../../src/client/index.ts';",
    'type Keys<T> = keyof { [K in keyof T as string extends K ? never : K]: 1 };',
    'type Fits<Given, Wanted> = [Given] extends [Wanted] ? true : false;',
    'type Same<A, B> = [Keys<A>] extends [Keys<B>] ? [Keys<B>] extends [Keys<A>] ? true : false : false;',
    'type Item<T> = T extends { readonly [K in keyof T]: readonly (infer One)[] } ? One : T;',
  ];
  for (const [name, type] of Object.entries(answered)) {
    const schema = find(name).answers[Number(name.split(' ')[2])];
    if (schema === undefined) throw new Error(`${name} is not answered`);
    const given = schemaText(schema, 'output', 'C.Json');
    lines.push(`{ const fits: Fits<${given}, ${type}> = true; void fits; } // ${name}`);
    lines.push(`{ const same: Same<Item<${given}>, Item<${type}>> = true; void same; } // ${name}`);
  }
  for (const [name, type] of Object.entries(taken)) {
    const { body } = find(name);
    if (body === undefined) throw new Error(`${name} takes no body`);
    const wanted = schemaText(body, 'input', 'unknown');
    lines.push(`{ const fits: Fits<${type}, ${wanted}> = true; void fits; } // ${name}`);
  }
  return lines;
}

function findings(lines: readonly string[]): readonly string[] {
  const path = fileURLToPath(new URL('../../tsconfig.json', import.meta.url));
  const { config } = ts.readConfigFile(path, (name) => ts.sys.readFile(name)) as {
    readonly config: unknown;
  };
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, dirname(path));
  const host = ts.createCompilerHost(options);
  const read = host.getSourceFile.bind(host);
  host.getSourceFile = (name, ...how) =>
    name === here ? ts.createSourceFile(name, lines.join('\n'), how[0]) : read(name, ...how);
  const one = ts.createProgram([here], options, host);
  const source = one.getSourceFile(here);
  return [...one.getSyntacticDiagnostics(source), ...one.getSemanticDiagnostics(source)].map(
    ({ start = 0, messageText }) => {
      const line = source?.getLineAndCharacterOfPosition(start).line ?? 0;
      return `${ts.flattenDiagnosticMessageText(messageText, ' ')}: ${lines[line]}`;
    },
  );
}

it('says of each answer and of each body what the API says of it', () => {
  expect(findings(program())).toEqual([]);
});

it('is seen to differ', () => {
  const lines = program().map((line) => line.replaceAll('C.Started', '{ readonly id: number }'));
  expect(findings(lines).join('\n')).toContain('POST /v1/runs 202');
});

/** Others have this shape too, or say nothing that a client reads. */
const likeOthers = [
  'PUT /v1/memory/:scope/:owner/:key 201',
  'POST /v1/memory/:scope/:owner/:key 201',
  'GET /v1/agents/:agent 200',
  'GET /v1/budgets/users/:user 200',
  'PUT /v1/budgets/users/:user 200',
  'GET /v1/budgets/runs/:runId 200',
  'PUT /v1/budgets/runs/:runId 200',
  'POST /v1/runs/:runId/events 202',
  'POST /v1/runs/:runId/answers 202',
  'POST /v1/runs/:runId/cancel 202',
  'POST /v1/runs/:runId/pause 202',
  'POST /v1/runs/:runId/resume 202',
  'POST /v1/providers/:provider/reopen 202',
  'POST /v1/providers/:provider/probe 202',
];
/** What a kind of wait says is told by the kind alone. Frames and bytes have tests of their own. */
const told = [
  'GET /v1/runs/:runId/why 200',
  'GET /v1/audit 200',
  'GET /v1/stream 200',
  'POST /v1/stream 200',
  'GET /v1/activity/weave 200',
];

it('knows every answer of every route', () => {
  const all = routes
    .filter(({ path }) => path.startsWith('/v1/'))
    .flatMap(({ method, path, answers }) =>
      Object.keys(answers).map((status) => `${method} ${path} ${status}`),
    );
  const known = [...Object.keys(answered), ...likeOthers, ...told];
  expect(all.toSorted()).toEqual(known.toSorted());
});
