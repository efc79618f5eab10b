/**
 * The third agent of a circuit: it waits for the editor, compares both versions, scores the second
 * from 0 to 1 with one sentence, remembers the score and submits it as an evaluation of the
 * editor's run.
 */
import { assign, setup } from 'xstate';
import { catalogue } from '../../src/index.ts';

type Input = { readonly circuit: number };
type Score = { readonly score: number; readonly rationale: string };
type Context = Input &
  Score & { readonly editorRun: string; readonly before: string; readonly after: string };

/** Reads the id of the editor's run from the editor's message. */
function editorRunOf(payload: unknown): string {
  return (payload as { readonly runId: string }).runId;
}

/**
 * A model may wrap its JSON in words. When no score can be found, the score is 0 and the rationale
 * says so.
 */
function parseScore(text: string): Score {
  const json = /\{.*\}/s.exec(text)?.[0];
  try {
    const { score, rationale } = JSON.parse(json ?? '') as Partial<Score>;
    if (typeof score === 'number' && score >= 0 && score <= 1 && typeof rationale === 'string') {
      return { score, rationale };
    }
  } catch {
    // A text that is no JSON holds no score.
  }
  return { score: 0, rationale: 'The model gave no score.' };
}

export const evaluator = setup({
  types: { input: {} as Input, context: {} as Context, output: {} as Score },
  actors: { ...catalogue },
}).createMachine({
  id: 'evaluator',
  context: ({ input }) => ({
    ...input,
    editorRun: '',
    before: '',
    after: '',
    score: 0,
    rationale: '',
  }),
  initial: 'waiting',
  states: {
    waiting: {
      invoke: {
        id: 'wait',
        src: 'receive',
        input: ({ context }) => ({ channel: `editing-done/c${context.circuit}` }),
        onDone: {
          target: 'recalling',
          actions: assign({
            editorRun: ({ event }) => editorRunOf(event.output.messages[0]?.payload),
          }),
        },
      },
    },
    recalling: {
      invoke: {
        id: 'recall',
        src: 'recall',
        input: ({ context }) => ({ scope: 'user', key: `answer/c${context.circuit}`, history: 1 }),
        onDone: {
          target: 'scoring',
          actions: assign({
            before: ({ event }) => (event.output.history[0]?.value ?? '') as string,
            after: ({ event }) => event.output.value as string,
          }),
        },
      },
    },
    scoring: {
      invoke: {
        id: 'score',
        src: 'generate',
        input: ({ context }) => ({
          system: 'Score the edit from 0 to 1. Answer as {"score":0.5,"rationale":"one sentence"}.',
          prompt: `Give a "score" for this edit.\nBefore: ${context.before}\nAfter: ${context.after}`,
        }),
        onDone: {
          target: 'remembering',
          actions: assign(({ event }) => parseScore(event.output.text)),
        },
      },
    },
    remembering: {
      invoke: {
        id: 'remember',
        src: 'remember',
        input: ({ context: { circuit, score, rationale } }) => ({
          scope: 'user',
          key: `scored/c${circuit}`,
          value: { score, rationale },
        }),
        onDone: 'evaluating',
      },
    },
    evaluating: {
      invoke: {
        id: 'evaluate',
        src: 'evaluate',
        input: ({ context: { editorRun, score, rationale } }) => ({
          runId: editorRun,
          score,
          rationale,
        }),
        onDone: 'done',
      },
    },
    done: { type: 'final' },
  },
  output: ({ context: { score, rationale } }) => ({ score, rationale }),
});
