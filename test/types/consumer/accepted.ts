/** What a user may write: each line must compile, and each exported type must have a name. */
import {
  anthropic,
  createHeddle,
  languageModel,
  ollama,
  openaiCompatible,
  partsOf,
  stubProvider,
  type AgentSources,
  type AnyChart,
  type AssistantPart,
  type GenerateMessage,
  type GenerateOutput,
  type Heddle,
  type HeddleOptions,
  type InputOf,
  type Json,
  type JsonOf,
  type LanguageModel,
  type OutputOf,
  type Provider,
  type Run,
  type StartOptions,
  type ToolApproval,
  type ToolApprovalData,
  type ToolLoopEvent,
} from 'heddle';
import {
  asking,
  bare,
  clerk,
  counting,
  countingJson,
  desk,
  loop,
  loopOf,
  made,
  newer,
  older,
  parent,
  perhaps,
} from './charts.js';

const log = { info: () => undefined, warn: () => undefined };
export const open = () => createHeddle({ agents: [clerk, bare, loop], databaseUrl: null, log });
export type Opened = Awaited<ReturnType<typeof open>>;

export async function byName(heddle: Opened) {
  const run = await heddle.start('clerk', {
    input: { shop: 'a' },
    tenant: 'acme',
    priority: 'batch',
  });
  const { text, balls, endedAt } = await run.output({ timeoutMs: 10 });
  const iso: string = endedAt;
  await run.send({ type: 'approve', by: 'ada' });
  await run.send({ type: 'at', time: new Date(0).toISOString() }, { idempotencyKey: 'k' });
  const { unsubscribe } = run.on('progress', ({ share }) => share.toFixed(1));
  run.on('stuck', ({ since }) => since.slice(1));
  run.on('*', (event) => (event.type === 'progress' ? event.share : event.since));
  return { run, text, balls, iso, unsubscribe };
}

export async function byChart(heddle: Opened, plain: Heddle) {
  const typed = await heddle.start(clerk, { input: { shop: 'a' } });
  const provided = await heddle.start(clerk.provide({ actors: {} }), { input: { shop: 'a' } });
  const nothing: Json = await (await heddle.start(bare)).output();
  const anything = await heddle.start(bare, { input: { any: 'thing' }, pipeline: 'p' });
  const optional = await plain.start(perhaps, { input: {} });
  const some = await plain.start(perhaps, { input: { since: 'then' } });
  const ended = await some.output();
  const said: string = ended?.kind === 'text' ? ended.text : 'nothing';
  const { end, tokens } = await (await heddle.start(loop, { input: { prompt: 'p' } })).output();
  const limit: boolean = end === 'iterations' && tokens > 3;
  const dynamic: Run = await heddle.start(said, { input: 1 });
  return { typed, provided, nothing, anything, optional, said, limit, dynamic };
}

export async function valuesOfLoops() {
  const heddle = await createHeddle({ agents: [counting, countingJson] });
  const { value } = await (await heddle.start('counting', { input: { prompt: 'p' } })).output();
  const balls: number | undefined = value?.balls;
  const run = await heddle.start(countingJson, { input: { prompt: 'p' } });
  const json: Json | undefined = (await run.output()).value;
  return { balls, json };
}

/** The chat emits its replies; a person answers for its tool. */
export async function chatted() {
  const heddle = await createHeddle({ agents: [desk] });
  const run = await heddle.start('desk', { input: { prompt: '' } });
  const { unsubscribe } = run.on('answered', ({ prompt, text }) => (prompt ?? '') + text);
  run.on('failed', ({ code, reason }) => code + reason);
  run.on('*', (event) => (event.type === 'stopped' ? event.end : event.prompt));
  const [asked] = await run.questions();
  const data = asked?.data as ToolApprovalData | undefined;
  await run.answer(asked?.askId ?? '', allowed);
  const { end, prompts = 0 } = await run.output();
  return {
    unsubscribe,
    tool: data?.tool,
    given: data?.arguments,
    idle: end === 'idle' && prompts > 1,
  };
}

export const allowed: ToolApproval = { decision: 'allow' };
export const denied: ToolApproval = { decision: 'deny', reason: 'It is worn.' };
export const edited: ToolApproval = { decision: 'edit', arguments: { euros: 4 } };
export const reply: ToolLoopEvent<{ readonly balls: number }> = {
  type: 'answered',
  prompt: null,
  end: 'answered',
  text: '{"balls":2}',
  value: { balls: 2 },
  stopReason: 'end',
};

export const history: readonly GenerateMessage[] = [
  { role: 'system', content: 'Be kind.' },
  {
    role: 'user',
    content: 'What is this?',
    parts: [{ type: 'image', url: 'https://a.example/b' }],
  },
  { role: 'assistant', content: '', toolCalls: [{ id: 'a', name: 'look', input: {} }] },
  {
    role: 'tool',
    toolCallId: 'a',
    content: '1',
    isError: true,
    parts: [
      { type: 'json', value: 1 },
      { type: 'image', mediaType: 'image/png', data: 'AAAA' },
    ],
  },
];
export const thought: AssistantPart = { type: 'reasoning', text: 'Hm.', signature: 's' };
export const told = (output: GenerateOutput): readonly string[] =>
  partsOf(output).map((part) => (part.type === 'reasoning' ? (part.signature ?? '') : part.type));

export async function severalAtOnce(heddle: Opened) {
  const [one, two] = await heddle.startAll([
    { agent: 'clerk', input: { shop: 'a' }, user: 'ada' },
    { agent: bare },
  ]);
  const texts: string[] = [(await one.output()).text];
  const many = await heddle.startAll(texts.map((shop) => ({ agent: clerk, input: { shop } })));
  const first: Run<typeof clerk> | undefined = many[0];
  return { two, first };
}

export async function others() {
  const tuple = await createHeddle({
    agents: [bare, { machine: newer, version: '2', adopts: ['1'] }, older, parent],
  });
  const n: number = await (await tuple.start('bare', { input: { n: 1 } })).output();
  const old: Json = await (await tuple.start(bare)).output();
  const go = await tuple.start(older, { input: { n } });
  await go.send({ type: 'go' });
  const text: string = await go.output();

  const named = await createHeddle({ agents: { asking, bare: { machine: bare, version: '1' } } });
  const asked = await named.start('asking');
  const [question] = await asked.questions();
  await asked.answer(question?.askId ?? 'x', { yes: true, note: 'n' });

  const listed = await createHeddle({ agents: made });
  const some: Run = await listed.start('a', { input: { any: 1 } });

  const perhapsMore = await createHeddle({ agents: [loopOf, ...(n > 1 ? [asking] : [])] });
  const conditional = await perhapsMore.start('asking');
  const looped = await perhapsMore.start('loop-of', { input: { yarn: 'y', balls: 1 } });
  return { old, text, some, conditional, words: (await looped.output()).text };
}

export async function untyped(heddle: Heddle) {
  const run = await heddle.start('any name', { input: { any: 'thing' } });
  const output: Json = await run.output();
  await run.send({ type: 'any', with: { any: ['thing'] } });
  await run.answer('approval', { any: 'thing' });
  run.on('progress', (event) => event['share']);
  const typed = await heddle.start(clerk, { input: { shop: 'a' } });
  const again: Run<typeof clerk> = await heddle.run(run.id, { agent: clerk });
  const plain: Run = await heddle.run(run.id);
  const runs: Run[] = [run, typed, again, plain];
  for await (const { turn, entry } of run.journal()) if (entry.kind === 'start') return turn;
  return { output, runs, row: await run.row(), page: await heddle.runs({ statuses: ['stalled'] }) };
}

export const widened = async (heddle: Opened): Promise<Json> => untypedOutput(heddle);
async function untypedOutput(heddle: Heddle): Promise<Json> {
  return (await heddle.start('bare')).output();
}

export const approve = async (run: Run<typeof clerk>) => run.send({ type: 'decline' });
export const total = (runs: readonly Run<typeof clerk>[]) =>
  Promise.all(runs.map(async (run) => (await run.output()).balls));

export const input: InputOf<typeof clerk> = { shop: 'a' };
export const output: OutputOf<typeof clerk> = { text: '', balls: 1, endedAt: '1970-01-01' };
export const options: StartOptions<typeof clerk> = { input, user: 'ada', idempotencyKey: 'k' };
export const stored: JsonOf<{ at: Date; maybe: string | undefined; url: URL }> = {
  at: '',
  url: '',
};
export const all: AgentSources = [
  clerk,
  bare,
  perhaps,
  older,
  asking,
  loop,
  loopOf,
  parent,
  ...made,
];
export const charts: readonly AnyChart[] = [clerk, loop, older, made[0] ?? bare];
export const settings: HeddleOptions = {
  agents: all,
  settings: { permitsMax: 10 },
  replica: false,
};

export const stub = stubProvider({ name: 'stub', ceiling: 1, latencyMs: 0, seed: 1 });
declare const sdkModel: LanguageModel;
export const providers: readonly Provider[] = [
  stub,
  anthropic({ apiKey: 'k', model: 'm', pricePerMillion: { input: 1, output: 2 } }),
  openaiCompatible({
    name: 'vllm',
    baseUrl: 'http://localhost:8000/v1',
    model: 'm',
    ceiling: 4,
    maxTokensField: 'max_completion_tokens',
    supports: { images: false, schema: 'not-strict' },
  }),
  languageModel(sdkModel, { name: 'gpt', ceiling: 2, pricePerMillion: { input: 1, output: 2 } }),
  languageModel(sdkModel),
  ollama({ model: 'm', sharesCeilingWith: ['anthropic'] }),
  { name: 'own', ceiling: 1, call: ({ signal }) => Promise.reject(signal.reason as Error) },
];

export async function outside(heddle: Opened) {
  const { messageId } = await heddle.publish('news', { headline: 'h' }, { delayMs: 1 });
  const [leased] = await heddle.receive('news', { group: 'g', leaseMs: 1_000 });
  if (leased !== undefined) await heddle.acknowledge(leased, { group: 'g' });
  const recalled = await heddle.recall({ scope: 'user', user: 'ada' }, 'k', { history: 2 });
  const { version } = await heddle.remember({ scope: 'tenant' }, 'k', { v: 1 });
  await heddle.setBudget({ user: 'ada' }, { tokens: 1_000, per: 'day' });
  const budget = await heddle.budget({ user: 'ada' });
  const texts = heddle.texts.subscribe(({ text, isFirst }) => (isFirst ? text : ''));
  return { messageId, leased, recalled, version, budget, texts };
}
