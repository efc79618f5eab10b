/**
 * A person decides: the agent asks, waits for three days, and ends as approved or as declined.
 *
 * It shows that waiting costs nothing. While the question is open, the run is a row in the database: no process
 * has to stay alive for it. The answer is checked against the question's schema before it is accepted, and
 * of two answers one counts. Where the time runs out, the question fails with `invocation-timeout`, and
 * the chart goes on by `onError`.
 */
import { assign, setup } from 'xstate';
import { catalogue } from '../../src/index.ts';

type Input = { readonly request: string };
type Decision = { readonly approved: boolean; readonly note: string };
type Answer = { readonly approved: boolean; readonly note?: string };

const threeDaysMs = 3 * 24 * 60 * 60 * 1_000;

const answerSchema = {
  type: 'object',
  properties: { approved: { type: 'boolean' }, note: { type: 'string' } },
  required: ['approved'],
  additionalProperties: false,
};

/** The answer fits the schema: heddle has checked it. */
const decisionOf = (answer: unknown): Decision => ({ note: '', ...(answer as Answer) });

export const approval = setup({
  types: {
    input: {} as Input,
    context: {} as Input & Decision,
    output: {} as Decision,
  },
  actors: { ...catalogue },
}).createMachine({
  id: 'approval',
  context: ({ input }) => ({ ...input, approved: false, note: '' }),
  initial: 'asking',
  states: {
    asking: {
      invoke: {
        id: 'ask',
        src: 'ask',
        input: ({ context }) => ({
          question: `May this be done: ${context.request}?`,
          schema: answerSchema,
          timeoutMs: threeDaysMs,
        }),
        onDone: {
          target: 'answered',
          actions: assign(({ event }) => decisionOf(event.output.answer)),
        },
        onError: {
          target: 'declined',
          actions: assign({ note: 'Nobody answered within three days.' }),
        },
      },
    },
    answered: {
      always: [{ guard: ({ context }) => context.approved, target: 'approved' }, 'declined'],
    },
    approved: { type: 'final' },
    declined: { type: 'final' },
  },
  output: ({ context: { approved, note } }) => ({ approved, note }),
});
