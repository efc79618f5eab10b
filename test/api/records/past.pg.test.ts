/** What a run did, over HTTP: windows of its turns from either end, snapshots, edges, attempts; and of its agent. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startEmulator } from '../../../src/emulators/emulator.ts';
import { ollama } from '../../../src/index.ts';
import { testDatabase } from '../../support/postgres.ts';
import { served } from '../served.ts';

const calls = (n: number) => ({ calls: { from: n, to: n } });
const emulator = await startEmulator({
  protocol: 'ollama',
  script: {
    chunks: 3,
    faults: [
      { kind: 'error', error: 'rate-limited', afterLatency: false, ...calls(1) },
      { kind: 'error', error: 'server-error', afterLatency: false, ...calls(2) },
    ],
  },
});
afterAll(() => emulator.close());
const url = await testDatabase();
const a = await served(
  url,
  {},
  { providers: [ollama({ baseUrl: emulator.url, model: 'emulated', ceiling: 2 })] },
);

let at = '';
let last = 0;
beforeAll(async () => {
  const wait = { do: 'wait' };
  const steps = [wait, wait, { do: 'generate', with: { prompt: 'why?' } }];
  const started = await a.ask('POST', '/v1/runs', { agent: 'script', input: { steps } });
  at = `/v1/runs/${started.body.id}`;
  for (const n of [1, 2]) await a.ask('POST', `${at}/events`, { type: 'go', n });
  const ended = await a.ask('GET', `${at}/output?waitMs=25000`);
  expect(ended.body.status).toBe('completed');
  last = (await a.ask('GET', at)).body.turn;
}, 60_000);

const turnsOf = (reply: { body: { turns: { turn: number }[] } }) =>
  reply.body.turns.map(({ turn }) => turn);

it('a journal and its turns with edges are read from either end', async () => {
  const first = await a.ask('GET', `${at}/journal?limit=2`);
  expect(turnsOf(first)).toEqual([1, 2]);
  expect(first.body.turns[0]).toMatchObject({ entries: [{ kind: 'start' }] });
  expect(first.body.turns[0].status).toEqual(expect.any(String));
  expect(turnsOf(await a.ask('GET', `${at}/journal?after=1&limit=1`))).toEqual([2]);
  expect(turnsOf(await a.ask('GET', `${at}/journal?before=${last}&limit=1`))).toEqual([last - 1]);
  const ends = await a.ask('GET', `${at}/turns?limit=1`);
  expect(turnsOf(ends)).toEqual([last]);
  expect(ends.body.turns[0]).toMatchObject({ status: 'completed' });
  const all = await a.ask('GET', `${at}/turns?after=0`);
  expect(all.body.turns).toHaveLength(last);
  const edges = all.body.turns.flatMap((one: { edges: { event: string }[] }) => one.edges);
  expect(edges.map(({ event }: { event: string }) => event)).toContain('go');
  expect(edges[0]).toMatchObject({ source: 'script.next', branch: expect.any(Number) });
  for (const [query, field] of [
    ['after=1&before=2', 'query.before'],
    ['after=-1', 'query.after'],
    ['before=0', 'query.before'],
    ['limit=201', 'query.limit'],
    ['after=1e99', 'query.after'],
    ['turn=1', 'query'],
  ]) {
    const refused = await a.ask('GET', `${at}/turns?${query}`);
    expect(refused.status, query).toBe(400);
    expect(refused.body.errors[0].field, query).toBe(field);
  }
  expect((await a.ask('GET', `${at}/journal?after=1&before=2`)).status).toBe(400);
});

it('a snapshot is told as of any turn, and says how exact it is', async () => {
  const one = await a.ask('GET', `${at}/turns/1`);
  expect(one).toMatchObject({
    status: 200,
    body: { turn: 1, asOf: 1, exact: true, context: { at: 0 } },
  });
  const end = await a.ask('GET', `${at}/turns/${last}`);
  expect(end.body).toMatchObject({ turn: last, exact: true, status: 'completed', open: [] });
  for (const turn of [0, last + 1, 'x', '1.5', '1e3', '%00', 2 ** 40]) {
    const refused = await a.ask('GET', `${at}/turns/${turn}`);
    expect([turn, refused.status]).toEqual([turn, 400]);
  }
  const gone = await a.ask('GET', '/v1/runs/00000000-0000-7000-8000-000000000000/turns/1');
  expect(gone).toMatchObject({ status: 404, body: { code: 'run-unknown' } });
});

it('a replica without the chart gives what is kept, and says so', async () => {
  const b = await served(url, {}, { agents: [], replica: false });
  const turns = await b.ask('GET', `${at}/turns?after=0`);
  expect(turns.body.turns[0]).toMatchObject({ turn: 1, edges: null });
  const past = await b.ask('GET', `${at}/turns/2`);
  expect(past.body).toMatchObject({ exact: 'version-missing', asOf: null, value: null });
});

it('attempts stand by the turns that took their results', async () => {
  const { body } = await a.ask('GET', `${at}/attempts?after=0`);
  expect(body).toMatchObject({ from: 1, to: last });
  expect(body.attempts.map(({ how }: { how: string }) => how)).toEqual([
    'rate-limited',
    'outage',
    'answered',
  ]);
  const answered = body.attempts[2] as { turn: number; invocationId: string };
  const only = await a.ask('GET', `${at}/attempts?after=${answered.turn - 1}&limit=1`);
  expect(only.body).toMatchObject({ from: answered.turn, to: answered.turn, attempts: [answered] });
  const before = await a.ask('GET', `${at}/attempts?before=${answered.turn}`);
  expect(before.body.attempts).toHaveLength(2);
  const none = await a.ask('GET', `${at}/attempts?after=${last}`);
  expect(none.body).toEqual({ from: last + 1, to: last, attempts: [] });
  expect((await a.ask('GET', `${at}/attempts?after=1&before=2`)).status).toBe(400);
});

it('versions of an agent are told with the open runs on each, and are drawn', async () => {
  const open = await a.ask('POST', '/v1/runs', { agent: 'approval', input: { request: 'a loom' } });
  const { body } = await a.ask('GET', '/v1/agents/approval/versions');
  expect(body).toMatchObject({
    isWhole: true,
    versions: [{ agent: 'approval', openRuns: 1, isHere: true }],
  });
  const [{ version }] = body.versions;
  const other = await a.ask('GET', '/v1/agents/approval/versions?tenant=other');
  expect(other.body.versions[0].openRuns).toBe(0);
  const after = await a.ask('GET', `/v1/agents/approval/versions?after=${version}`);
  expect(after.body.versions).toEqual([]);
  const newest = await a.ask('GET', '/v1/agents/approval');
  expect(newest.body).toMatchObject({ version, definition: { id: 'approval' } });
  const drawing = `/v1/agents/approval/versions/${version}/drawing`;
  const text = await a.ask('GET', drawing);
  expect(text.headers.get('content-type')).toBe('text/plain; charset=utf-8');
  const drawn = await parsed(String(text.body));
  expect(drawn.nodes.map(({ label }) => label)).toContain('asking');
  const json = await a.ask('GET', drawing, undefined, { accept: 'application/json' });
  expect(json.body).toEqual({ as: 'mermaid', text: text.body });
  const outline = await a.ask('GET', `${drawing}?as=outline`);
  expect(outline.body).toMatch(/^approval\n {2}asking {2}\[initial\]\n {4}invokes ask\n/);
  const sketch = await a.ask('GET', `${drawing}?as=sketch`);
  expect(sketch.headers.get('content-type')).toBe('text/plain; charset=utf-8');
  expect(sketch.body).toMatchObject({ id: 'approval', initial: 'asking' });
  expect((await a.ask('GET', `${drawing}?as=svg`)).body.errors[0].field).toBe('query.as');
  for (const nobody of ['nobody', 'nobody/versions', 'nobody/versions/1/drawing']) {
    const { status, body: problem } = await a.ask('GET', `/v1/agents/${nobody}`);
    expect([nobody, status, problem.code]).toEqual([nobody, 404, 'agent-unknown']);
  }
  await a.ask('POST', `/v1/runs/${open.body.id}/cancel`, {});
});

type Parsed = { readonly nodes: readonly { readonly label: string }[] };

/** In a process beside this one, whose server goes on meanwhile. */
async function parsed(text: string): Promise<Parsed> {
  const parser = fileURLToPath(new URL('../../kernel/mermaid-parser.mjs', import.meta.url));
  const child = spawn(process.execPath, [parser], { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(JSON.stringify([text]));
  const parts: Buffer[] = [];
  for await (const part of child.stdout) parts.push(part as Buffer);
  const [drawn] = JSON.parse(Buffer.concat(parts).toString()) as Parsed[];
  return drawn!;
}
