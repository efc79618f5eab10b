/**
 * A person who talks to clerks: says prompts, decides on each payment in one of several ways, also twice and
 * late, and at the end holds what a clerk has done against what it was allowed to do.
 *
 * The person's own process is never killed, so what was accepted is known for certain.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { HeddleError, type Heddle, type Run, type ToolApproval } from '../../src/index.ts';
import { propertyOf } from '../../src/domain/thrown.ts';
import { approvalTimeoutMs, promptsMax, type Effect } from './clerk.ts';

const lookMs = 20;

/** How the person decides; `late` when it is too late, `both` at the same instant. */
const manners = ['allow', 'deny', 'edit', 'both', 'late'] as const;
const edited = 1;

const answers = {
  allow: () => ({ decision: 'allow' }),
  deny: () => ({ decision: 'deny', reason: 'no' }),
  edit: (prompt: string) => ({ decision: 'edit', arguments: { prompt, amount: edited } }),
} as const satisfies Record<string, (prompt: string) => ToolApproval>;
type Answer = keyof typeof answers;

/** What became of the questions about one prompt's payment. */
type Asked = { readonly askIds: Set<string>; readonly accepted: Answer[]; refused: number };

export type Told = {
  prompts: number;
  /** Answers that were refused, as they had to be. */
  refused: number;
  readonly accepted: Record<string, number>;
  readonly findings: string[];
};

export class Talk {
  readonly #heddle: Heddle;
  readonly #told: Told;
  readonly #random: () => number;
  readonly #asked = new Map<string, Asked>();
  /** By prompt, the id of its message, in the order in which they were said. */
  readonly #said = new Map<string, string>();

  constructor(heddle: Heddle, told: Told, random: () => number) {
    this.#heddle = heddle;
    this.#told = told;
    this.#random = random;
  }

  /** From the start of a chat to its end; its prompts begin with `name`. */
  async hold(name: string, file: string): Promise<void> {
    const run = await this.#heddle.start('clerk', { input: { prompt: '' } });
    const saying = this.#say(run, name);
    while ((await run.status()) !== 'completed') {
      for (const { askId, data } of await run.questions()) {
        const prompt = String(propertyOf(propertyOf(data, 'arguments'), 'prompt'));
        if (!this.#asked.get(prompt)?.askIds.has(askId)) await this.#decide(run, askId, prompt);
      }
      await sleep(lookMs);
    }
    await saying;
    await this.#check(run, file);
  }

  /** Some prompts come while others are answered. */
  async #say(run: Run, name: string): Promise<void> {
    for (let n = 0; n < promptsMax; n++) {
      const prompt = `${name}-${n}`;
      const { messageId } = await this.#heddle.publish(`chat/${run.id}/prompts`, prompt);
      this.#said.set(prompt, messageId);
      if (n % 2 === 1) await sleep(this.#random() * 800);
    }
  }

  async #decide(run: Run, askId: string, prompt: string): Promise<void> {
    const asked = this.#asked.get(prompt) ?? { askIds: new Set(), accepted: [], refused: 0 };
    this.#asked.set(prompt, asked);
    asked.askIds.add(askId);
    const manner = manners[Math.floor(this.#random() * manners.length)] ?? 'allow';
    const give = async (answer: Answer): Promise<void> => {
      try {
        await run.answer(askId, answers[answer](prompt));
        asked.accepted.push(answer);
      } catch (error) {
        const code = error instanceof HeddleError ? error.code : String(error);
        if (code === 'ask-answered' || code === 'ask-unknown') asked.refused += 1;
        else this.#find(`${prompt}: ${answer} was refused with ${code}`);
      }
    };
    if (manner === 'late') {
      await sleep(approvalTimeoutMs);
      while ((await run.questions()).some((open) => open.askId === askId)) await sleep(lookMs);
      await give('allow');
      if (asked.accepted.length > 0) this.#find(`${prompt}: a late answer was accepted`);
      return;
    }
    if (manner === 'both') await Promise.all([give('allow'), give('deny')]);
    else await give(manner);
    // Once more, the other way round.
    await give(asked.accepted[0] === 'deny' ? 'allow' : 'deny');
    if (asked.accepted.length > 1) {
      this.#find(`${prompt}: ${asked.accepted.join(' and ')} were accepted for one question`);
    }
  }

  async #check(run: Run, file: string): Promise<void> {
    const effects = effectsIn(file);
    this.#told.prompts += this.#said.size;
    await this.#checkReplies(run);
    await this.#checkConversation(run);
    for (const [prompt] of this.#said) {
      const asked = this.#asked.get(prompt);
      const [accepted = 'nothing'] = asked?.accepted ?? [];
      this.#told.refused += asked?.refused ?? 0;
      this.#told.accepted[accepted] = (this.#told.accepted[accepted] ?? 0) + 1;
      if ((asked?.askIds.size ?? 0) > 1) this.#find(`${prompt}: one call was asked about twice`);
      const own = effects.filter((effect) => effect.prompt === prompt);
      const paid = own.flatMap(({ amount }) => amount ?? []);
      const amount = accepted === 'allow' ? 5 : accepted === 'edit' ? edited : null;
      if (own.length === paid.length) this.#find(`${prompt}: nothing was looked up`);
      if (amount === null && paid.length > 0) this.#find(`${prompt}: ${accepted}, and paid`);
      if (amount !== null && (paid.length === 0 || paid.some((one) => one !== amount))) {
        this.#find(`${prompt}: ${accepted}, and paid ${paid.join()}`);
      }
      const keys = new Set(own.map(({ key }) => key));
      if (keys.size > 2) this.#find(`${prompt}: its two calls had ${keys.size} keys`);
    }
  }

  /** Each prompt has exactly one reply, in order. */
  async #checkReplies(run: Run): Promise<void> {
    const group = { group: 'person', max: 100 };
    const replies = await this.#heddle.receive(`chat/${run.id}/replies`, group);
    const of = replies.map(({ payload }) => [
      propertyOf(payload, 'prompt'),
      propertyOf(payload, 'type'),
    ]);
    const wanted = [...this.#said.values()].map((messageId) => [messageId, 'answered']);
    if (String(of) !== String(wanted)) this.#find(`replies ${String(of)}, not ${String(wanted)}`);
  }

  /** Each call has one result, which tells what was decided, and nothing stands twice. */
  async #checkConversation(run: Run): Promise<void> {
    const messages = await run.conversation('loop');
    const seen = messages.map((message) => {
      if (message.role !== 'tool') return `${message.role} ${message.content}`;
      return `${message.toolCallId} ${message.content}`;
    });
    const patterns = [...this.#said.keys()].flatMap((prompt) => {
      const paid = this.#resultOf(prompt);
      return [
        `user ${prompt}`,
        'assistant ',
        `look-${prompt} look  for ${prompt}`,
        `pay-${prompt} ${paid}`,
        `assistant look  for ${prompt}; ${paid}`,
      ];
    });
    const at = patterns.findIndex((pattern, i) => seen[i]?.startsWith(pattern) !== true);
    if (at >= 0) this.#find(`message ${at} is "${seen[at]}", not "${patterns[at]}"`);
    if (seen.length !== patterns.length)
      this.#find(`${seen.length} messages, not ${patterns.length}`);
  }

  #resultOf(prompt: string): string {
    switch (this.#asked.get(prompt)?.accepted[0]) {
      case 'allow':
        return `pay 5 for ${prompt}`;
      case 'edit':
        return 'A person has changed the arguments of this call';
      case 'deny':
        return 'A person has denied this call of pay: no';
      case undefined:
        return 'Nobody has allowed this call of pay in time';
    }
  }

  #find(finding: string): void {
    this.#told.findings.push(finding);
  }
}

export function effectsIn(file: string): readonly (Effect & { readonly refusal?: string })[] {
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as Effect);
}
