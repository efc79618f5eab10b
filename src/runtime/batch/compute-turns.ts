/**
 * Computes the turns of a batch together: the reads that all of them ask for in one round go to the
 * store at once. A turn that throws fails its own run and no other.
 */
import type { ReadSetResult, Store, ChannelRead } from '../../store/port.ts';
import type { MemoryRead } from '../../store/caller-port.ts';
import type { WriteChain } from './write-chain.ts';
import type { Answer, Question, Reading } from '../turn/reading.ts';

export type Computed<Result> =
  | { readonly kind: 'done'; readonly result: Result }
  | { readonly kind: 'threw'; readonly error: unknown };

type Asking<Result> = {
  readonly index: number;
  readonly turn: Reading<Result>;
  question: Question;
};

export type Computing = {
  /** Turns that are computed before `breathe` is called. */
  readonly inOneGoMax: number;
  /** The writes of the turns before these in the same batch. */
  readonly chain?: WriteChain;
  /** Resolves after the process has handled the other work that is ready. */
  readonly breathe: () => Promise<void>;
  /** Runs the work, which makes no reads, while no other batch computes. */
  readonly alone: <Result>(work: () => Promise<Result>) => Promise<Result>;
};

/** Results by index of `turns`. The number of rounds is bounded by the bound on a turn's effects. */
export async function computeTogether<Result>(
  store: Store,
  turns: readonly Reading<Result>[],
  { inOneGoMax, chain, breathe, alone }: Computing,
): Promise<Computed<Result>[]> {
  const computed: Computed<Result>[] = [];
  let asking: Asking<Result>[] = [];
  await alone(async () => {
    for (const [index, turn] of turns.entries()) {
      if (index > 0 && index % inOneGoMax === 0) await breathe();
      const question = resume(computed, index, () => turn.next());
      if (question !== null) asking.push({ index, turn, question });
    }
  });
  while (asking.length > 0) {
    const answers = await ask(
      store,
      asking.map(({ question }) => chain?.asks(question) ?? question),
    );
    const still: Asking<Result>[] = [];
    asking.forEach((item, i) => {
      const answer = answers[i];
      if (answer === undefined) throw new TypeError('the store did not answer a read');
      const told = chain?.answers(item.question, answer) ?? answer;
      const question = resume(computed, item.index, () => item.turn.next(told));
      if (question !== null) still.push({ ...item, question });
    });
    asking = still;
  }
  return computed;
}

function resume<Result>(
  computed: Computed<Result>[],
  index: number,
  next: () => IteratorResult<Question, Result>,
): Question | null {
  try {
    const step = next();
    if (step.done !== true) return step.value;
    computed[index] = { kind: 'done', result: step.value };
  } catch (error) {
    computed[index] = { kind: 'threw', error };
  }
  return null;
}

async function ask(store: Store, questions: readonly Question[]): Promise<readonly Answer[]> {
  const memory: MemoryRead[] = [];
  const channels: ChannelRead[] = [];
  for (const question of questions) {
    if (question.kind === 'memory') memory.push(question.read);
    else channels.push(...question.reads);
  }
  const result: ReadSetResult = await store.read({ memory, channels });
  let memoryAt = 0;
  let channelAt = 0;
  return questions.map((question): Answer => {
    if (question.kind === 'channels') {
      const results = result.channels.slice(channelAt, channelAt + question.reads.length);
      channelAt += question.reads.length;
      return { kind: 'channels', results };
    }
    const found = result.memory[memoryAt];
    memoryAt += 1;
    if (found === undefined) throw new TypeError('the store did not answer a memory read');
    return { kind: 'memory', result: found };
  });
}
