/**
 * heddle's own actors as tools. The actor gets the model's arguments as the model wrote them: the actor's own
 * check refuses arguments that do not fit, in words that the model can read, so that it can mend them.
 */
import type { ToolOffer } from '../domain/catalogue.ts';
import type { Json } from '../domain/json.ts';

/** An actor of the catalogue that a model can be given as a tool. */
export type BuiltInTool = 'remember' | 'recall' | 'publish' | 'receive' | 'evaluate' | 'ask';

export const builtInTools: readonly BuiltInTool[] = [
  'remember',
  'recall',
  'publish',
  'receive',
  'evaluate',
  'ask',
];

const text = (description: string): Json => ({ type: 'string', description });
const whole = (description: string): Json => ({ type: 'integer', description });
const scope: Json = {
  enum: ['run', 'agent', 'user', 'tenant'],
  description: 'Whose entry: this run, all runs of this agent, this user, or everybody.',
};

function objectOf(properties: Readonly<Record<string, Json>>, required: readonly string[]): Json {
  return { type: 'object', properties, required, additionalProperties: false };
}

export const builtInOffers: Readonly<Record<BuiltInTool, ToolOffer>> = {
  remember: {
    name: 'remember',
    description: 'Writes a new version of a memory entry. Gives its version number.',
    inputSchema: objectOf(
      {
        scope,
        key: text('The name of the entry.'),
        value: { description: 'What to remember: any JSON.' },
        expectedVersion: whole('Write only if the entry has this version; 0 if it must not exist.'),
        merge: { type: 'boolean', description: 'Merge the keys of an object into the entry.' },
      },
      ['scope', 'key', 'value'],
    ),
  },
  recall: {
    name: 'recall',
    description: 'Reads a memory entry: value and version, and on demand the versions before it.',
    inputSchema: objectOf(
      {
        scope,
        key: text('The name of the entry.'),
        history: whole('How many versions before it to give, newest first.'),
      },
      ['scope', 'key'],
    ),
  },
  publish: {
    name: 'publish',
    description: 'Adds a message to a channel, for other agents.',
    inputSchema: objectOf(
      {
        channel: text('The name of the channel.'),
        payload: { description: 'The message: any JSON.' },
      },
      ['channel', 'payload'],
    ),
  },
  receive: {
    name: 'receive',
    description: 'Waits for the next message of a channel.',
    inputSchema: objectOf(
      {
        channel: text('The name of the channel.'),
        timeoutMs: whole('How long to wait at most, in milliseconds.'),
      },
      ['channel'],
    ),
  },
  evaluate: {
    name: 'evaluate',
    description: 'Gives another run a score.',
    inputSchema: objectOf(
      {
        runId: text('The id of the run that is judged.'),
        score: { type: 'number', description: 'From 0 to 1.' },
        rationale: text('One sentence that says why.'),
      },
      ['runId', 'score', 'rationale'],
    ),
  },
  ask: {
    name: 'ask',
    description: 'Asks a person and waits for the answer.',
    inputSchema: objectOf(
      {
        question: text('The question.'),
        timeoutMs: whole('How long to wait at most, in milliseconds.'),
      },
      ['question'],
    ),
  },
};
