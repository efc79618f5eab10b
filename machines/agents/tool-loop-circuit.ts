/**
 * The agents of a circuit as tool loops: the model does the steps of the other charts through
 * tools, in five calls each. The prompts describe the steps in words, for a real model, and as
 * plans, which heddle's stub and emulators carry out.
 */
import { toolLoop } from '../../src/index.ts';

type Input = { readonly circuit: number; readonly question?: string };
type Run = { readonly input: Input; readonly runId: string };

/** The calls come one after the other, because each step of these prompts needs the one before. */
const bounds = { toolCallsMax: 1, iterationsMax: 20, timeMs: 86_400_000 };

const rules = 'Do these steps with the tools, one after the other, each once, in this order.';

export const toolLoopResearcher = toolLoop<Input>({
  id: 'tool-loop-researcher',
  system: `You are a researcher. Answer in at most five sentences. ${rules}`,
  builtIn: ['recall', 'remember', 'publish'],
  bounds,
  prompt: ({ input: { circuit, question = '' } }: Run) => `${question}

See whether there is an answer already, remember yours in its place, see that it is there, and say so
on the channel. Then end with one word.

PLAN: recall {"scope":"user","key":"answer/c${circuit}"}
PLAN: remember {"scope":"user","key":"answer/c${circuit}","value":"$ANSWER"}
PLAN: recall {"scope":"user","key":"answer/c${circuit}"}
PLAN: publish {"channel":"research-done/c${circuit}","payload":{"circuit":${circuit}}}
ANSWER: Done.`,
});

export const toolLoopEditor = toolLoop<Input>({
  id: 'tool-loop-editor',
  system: `You are an editor. Say the same in half the words. ${rules}`,
  builtIn: ['receive', 'recall', 'remember', 'publish'],
  bounds,
  prompt: ({ input: { circuit }, runId }: Run) => `Your run is ${runId}. Wait for the researcher,
recall its answer, remember a shorter one as the next version, and say which run did it. Then end with
one word.

PLAN: receive {"channel":"research-done/c${circuit}"}
PLAN: recall {"scope":"user","key":"answer/c${circuit}"}
PLAN: remember {"scope":"user","key":"answer/c${circuit}","value":"$ANSWER","expectedVersion":"$RESULT[1].version"}
PLAN: publish {"channel":"editing-done/c${circuit}","payload":{"runId":"${runId}"}}
ANSWER: Done.`,
});

export const toolLoopEvaluator = toolLoop<Input>({
  id: 'tool-loop-evaluator',
  system: `You judge edits. ${rules}`,
  builtIn: ['receive', 'recall', 'remember', 'evaluate'],
  bounds,
  prompt: ({ input: { circuit } }: Run) => `Wait for the editor, recall the answer with the version
before it, score the edit from 0 to 1 with one sentence, remember both, and evaluate the editor's run,
which its message names. Then end with one word.

PLAN: receive {"channel":"editing-done/c${circuit}"}
PLAN: recall {"scope":"user","key":"answer/c${circuit}","history":1}
PLAN: remember {"scope":"user","key":"scored/c${circuit}","value":{"score":"$ANSWER.score","rationale":"$ANSWER.rationale"}}
PLAN: evaluate {"runId":"$RESULT[0].messages[0].payload.runId","score":"$ANSWER.score","rationale":"$ANSWER.rationale"}
ANSWER: Done.`,
});
