/** The yardstick without durability: the very same charts as live XState actors, all in memory. */
import { createActor, fromPromise, toPromise } from 'xstate';
import type {
  EvaluateInput,
  EvaluateOutput,
  GenerateInput,
  GenerateOutput,
  PublishInput,
  PublishOutput,
  RecallInput,
  RecallOutput,
  ReceiveInput,
  ReceiveOutput,
  RememberInput,
  RememberOutput,
} from '../../src/domain/catalogue.ts';
import { editor } from '../../machines/agents/editor.ts';
import { evaluator } from '../../machines/agents/evaluator.ts';
import { researcher } from '../../machines/agents/researcher.ts';
import { cpuMs, Model, prompts, type Measured } from './workload.ts';

function world(model: Model) {
  const channels = new Map<string, ReceiveOutput['messages'][number][]>();
  const waiting = new Map<string, (output: ReceiveOutput) => void>();
  const memory = new Map<string, unknown[]>();
  const usage = { inputTokens: 0, outputTokens: 0 };
  return {
    generate: fromPromise<GenerateOutput, GenerateInput>(async ({ input }) => ({
      text: await model.call(input.prompt ?? ''),
      toolCalls: [],
      stopReason: 'end',
      usage,
      provider: 'a',
      model: 'stub',
    })),
    publish: fromPromise<PublishOutput, PublishInput>(async ({ input }) => {
      const { channel, payload } = input;
      const message = { channel, seq: 1, messageId: channel, payload };
      channels.set(channel, [message]);
      waiting.get(channel)?.({ messages: [message] });
      return { channel, messageId: channel };
    }),
    receive: fromPromise<ReceiveOutput, ReceiveInput>(({ input }) => {
      const channel = input.channel ?? '';
      const messages = channels.get(channel);
      if (messages !== undefined) return Promise.resolve({ messages });
      return new Promise((resolve) => waiting.set(channel, resolve));
    }),
    remember: fromPromise<RememberOutput, RememberInput>(async ({ input }) => {
      const versions = memory.get(input.key) ?? [];
      memory.set(input.key, [...versions, input.value]);
      return { key: input.key, version: versions.length + 1 };
    }),
    recall: fromPromise<RecallOutput, RecallInput>(async ({ input }) => {
      const versions = memory.get(input.key) ?? [];
      const at = (version: number) => ({
        version,
        parent: version > 1 ? version - 1 : null,
        value: (versions[version - 1] ?? null) as RecallOutput['value'],
        deleted: false,
        runId: null,
        turn: null,
      });
      const history = versions.length > 1 ? [at(versions.length - 1)] : [];
      return { key: input.key, found: true, ...at(versions.length), history };
    }),
    evaluate: fromPromise<EvaluateOutput, EvaluateInput>(async ({ input }) => ({
      evaluationId: input.runId,
    })),
  };
}

export async function inMemory(circuits: number, latencyMs: number): Promise<Measured> {
  const actors = world(new Model(latencyMs));
  const charts = {
    researcher: researcher.provide({ actors }),
    editor: editor.provide({ actors }),
    evaluator: evaluator.provide({ actors }),
  };
  const cpu = process.cpuUsage();
  const startedMs = performance.now();
  const latenciesMs = await Promise.all(
    Array.from({ length: circuits }, async (_, circuit) => {
      const question = prompts.research(circuit);
      const live = [
        createActor(charts.researcher, { input: { circuit, question } }),
        createActor(charts.editor, { input: { circuit } }),
        createActor(charts.evaluator, { input: { circuit } }),
      ];
      const ends = live.map((actor) => toPromise(actor));
      for (const actor of live) actor.start();
      await Promise.all(ends);
      return performance.now() - startedMs;
    }),
  );
  return {
    contender: 'XState in memory',
    circuits,
    wallMs: performance.now() - startedMs,
    latenciesMs,
    cpuMs: cpuMs(cpu),
    transactions: null,
    walBytes: null,
  };
}
