/** Asks a person before something is done to many runs. Where nobody is there to ask, it is refused. */
import { createInterface } from 'node:readline/promises';
import { refuseField } from '../../domain/field.ts';
import { writerTo, type Streams } from '../streams.ts';

export async function confirmed(question: string, streams: Streams): Promise<boolean> {
  const { stdin, stderr } = streams;
  if (stdin?.isTTY !== true || stderr.isTTY !== true) {
    refuseField('yes', `is needed where nobody can be asked: ${question}`);
  }
  const asked = createInterface({ input: stdin, output: stderr });
  // Ctrl-C, or the end of the input: nobody answers any more.
  const over = new AbortController();
  asked.once('close', () => over.abort());
  const { signal } = over;
  try {
    const answer = await asked.question(`${question} [y/N] `, { signal }).catch(() => '\n');
    if (answer === '\n') writerTo(stderr)('');
    const isYes = /^\s*y(es)?\s*$/i.test(answer);
    if (!isYes) writerTo(stderr)('Nothing was done.');
    return isYes;
  } finally {
    asked.close();
  }
}
