/**
 * Runs in the middle of a conversation, as the release before this one has left them: their questions stand
 * in the rows already, and their answers have no parts. `conversations-before.json` holds those rows: one run
 * waits for its second answer, the other is paused with that answer in its inbox.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { GenerateRequest } from '../../src/domain/catalogue.ts';
import { asRunId } from '../../src/domain/ids.ts';
import { imagePartsOf } from '../../src/domain/model/images.ts';
import type { Heddle, Provider } from '../../src/index.ts';
import { openPostgresStore } from '../../src/store/postgres/postgres-store.ts';
import { eventually, openHeddle } from '../support/heddle.ts';
import { folded } from '../support/folded.ts';
import { testDatabase } from '../support/postgres.ts';
import { restored, type Left } from './restored.ts';
import { talker } from './talker.ts';

const url = await testDatabase({ empty: true });
let left: Left<'asked' | 'kept'>;

const sent: GenerateRequest[] = [];
/** Too large for a row: it stands in a table that the release before did not have. */
const drawing = {
  type: 'image',
  mediaType: 'image/png',
  data: Buffer.alloc(300_000, 7).toString('base64'),
} as const;
const model: Provider = {
  name: 'model',
  ceiling: 4,
  supports: { images: 'bytes' },
  call: ({ input }) => {
    sent.push(input);
    const usage = { inputTokens: 1, outputTokens: 1 };
    const text = `answer ${sent.length}`;
    const parts = [
      { type: 'reasoning', text: 'Hm.' },
      { type: 'text', text },
      ...(sent.length === 1 ? [drawing] : []),
    ] as const;
    const about = { usage, stopReason: 'end', provider: 'model', model: 'm' };
    return Promise.resolve({ ...about, text, toolCalls: [], parts });
  },
};

let heddle: Heddle;
beforeAll(async () => {
  left = await restored(url, './conversations-before.json', '000004_start_keys');
  ({ heddle } = await openHeddle(url, { agents: [talker], providers: [model] }));
});
afterAll(() => heddle.close());

const texts = ({ messages = [], prompt }: GenerateRequest): readonly string[] => [
  ...messages.map(({ content }) => content),
  ...(prompt === undefined ? [] : [prompt]),
];

async function rowsOf(id: string): Promise<readonly { role: string; content: string }[]> {
  const store = await openPostgresStore({ connectionString: url });
  try {
    const read = { tenant: 'default', runId: asRunId(id), conversation: 'main' };
    const [rows = []] = await store.conversations([read]);
    return rows.map((text) => JSON.parse(text) as { role: string; content: string });
  } finally {
    await store.close();
  }
}

it('a call that was open is sent with its question once, and the run goes on', async () => {
  const run = await heddle.run(left.ids.asked);
  expect(await run.output({ timeoutMs: 20_000 })).toEqual(['Looking.', 'answer 1', 'answer 2']);
  const before = ['One?', 'Looking.', 'seen', 'Two?'];
  expect(sent.map(texts)).toEqual([before, [...before, 'answer 1', 'Three?']]);
  const rows = await rowsOf(left.ids.asked);
  expect(rows.map(({ content }) => content)).toEqual([...before, 'answer 1', 'Three?', 'answer 2']);
  expect(rows.at(-3)).toMatchObject({
    parts: [{}, {}, { type: 'image', sha256: expect.any(String) as string }],
  });
  const shown = imagePartsOf(sent[1]?.messages ?? []);
  expect(shown.map((one) => 'data' in one && one.data === drawing.data)).toEqual([true]);
  expect(rows.at(-1)).toMatchObject({ parts: [{ type: 'reasoning' }, { type: 'text' }] });
});

it('an answer that waits in the inbox is taken, and its journal folds', async () => {
  const run = await heddle.run(left.ids.kept);
  await run.resume();
  expect(await run.output({ timeoutMs: 20_000 })).toEqual(['Looking.', 'Two.', 'answer 3']);
  const rows = await rowsOf(left.ids.kept);
  expect(rows.map(({ content }) => content)).toEqual([
    'One?',
    'Looking.',
    'seen',
    'Two?',
    'Two.',
    'Three?',
    'answer 3',
  ]);
  expect(JSON.parse(await folded(run, talker.machine))).toMatchObject({ status: 'done' });
  await eventually(async () => {
    const outputs: unknown[] = [];
    for await (const { entry } of run.journal()) {
      if (entry.kind === 'done') outputs.push(entry.output);
    }
    expect(outputs).toMatchObject([
      { text: 'Looking.', toolCalls: [{ id: 't1' }] },
      { text: 'Two.' },
      { text: 'answer 3', parts: [{}, {}] },
    ]);
  });
});
