/**
 * Starts, asks and ends the process of the emulated providers.
 *
 * It owns that process. `src/emulators/` decides what the emulators do.
 *
 * 1. Every request is answered, or fails within `answerMsMax` or with the end of the process.
 * 2. The process never outlives this one: the end of the channel between them ends it.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { heddleError } from '../domain/errors.ts';
import type { GroupMember, GroupOutage, GroupSlots } from '../emulators/emulator-group.ts';
import type { GroupMessage, GroupReply, GroupRequest } from '../emulators/group-messages.ts';
import type { EmulatorStats } from '../emulators/tally.ts';

const answerMsMax = 30_000;
const exitMsMax = 2_000;

type Around = {
  /** Called before each answer, and at intervals in between. */
  readonly onSlots: (slots: GroupSlots) => void;
  /** Called when the process has ended by itself. */
  readonly onLost: (reason: string) => void;
};

type Asked = {
  readonly resolve: (reply: GroupReply) => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
};

/** A request as a caller makes it; its number is added here. */
type Question = GroupRequest extends infer Request
  ? Request extends GroupRequest
    ? Omit<Request, 'number'>
    : never
  : never;

export class EmulatorsProcess {
  readonly #child: ChildProcess;
  readonly #around: Around;
  readonly #asked = new Map<number, Asked>();
  #numbers = 0;
  #isClosing = false;
  #urls: readonly string[] = [];

  private constructor(around: Around) {
    this.#around = around;
    // The file lies in the neighbouring folder in a checkout and in a build, with this file's
    // ending.
    const file = new URL(`../emulators/group-child${extname(import.meta.url)}`, import.meta.url);
    this.#child = fork(fileURLToPath(file), [], {
      serialization: 'advanced',
      // Standard output is for reports alone.
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    this.#child.on('message', (message: GroupMessage) => this.#heard(message));
    this.#child.once('error', (error) => this.#lost(String(error)));
    this.#child.once('exit', (code, signal) => this.#lost(`ended with ${signal ?? code}`));
  }

  static async start(members: readonly GroupMember[], around: Around): Promise<EmulatorsProcess> {
    const process = new EmulatorsProcess(around);
    try {
      const reply = await process.#ask({ kind: 'start', members });
      if (reply.kind === 'started') process.#urls = reply.urls;
      return process;
    } catch (error) {
      await process.close();
      throw error;
    }
  }

  /** In the order of the members. */
  get urls(): readonly string[] {
    return this.#urls;
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  async stats(): Promise<readonly EmulatorStats[]> {
    const reply = await this.#ask({ kind: 'stats' });
    return reply.kind === 'stats' ? reply.stats : [];
  }

  async setOutages(outages: readonly GroupOutage[]): Promise<void> {
    await this.#ask({ kind: 'outages', outages });
  }

  async close(): Promise<void> {
    if (this.#isClosing) return;
    this.#isClosing = true;
    const { exitCode, signalCode } = this.#child;
    if (exitCode !== null || signalCode !== null || this.#child.pid === undefined) return;
    const exited = once(this.#child, 'exit');
    const kill = setTimeout(() => this.#child.kill('SIGKILL'), exitMsMax);
    if (this.#child.connected) this.#child.disconnect();
    await exited;
    clearTimeout(kill);
  }

  #ask(question: Question): Promise<GroupReply> {
    const number = (this.#numbers += 1);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => this.#fail(number, `no answer within ${answerMsMax} ms`),
        answerMsMax,
      );
      this.#asked.set(number, { resolve, reject, timer });
      if (!this.#child.connected) return this.#fail(number, 'their process has ended');
      this.#child.send({ number, ...question }, (error) => {
        if (error !== null) this.#fail(number, String(error));
      });
    });
  }

  #heard(message: GroupMessage): void {
    if (message.kind === 'slots') this.#around.onSlots(message.slots);
    else if (message.kind === 'failed') this.#fail(message.number, message.reason);
    else this.#take(message.number)?.resolve(message.reply);
  }

  #lost(reason: string): void {
    for (const number of this.#asked.keys()) this.#fail(number, reason);
    if (this.#isClosing) return;
    this.#isClosing = true;
    this.#around.onLost(reason);
  }

  #fail(number: number, reason: string): void {
    this.#take(number)?.reject(heddleError('emulators-failed', { reason }));
  }

  #take(number: number): Asked | undefined {
    const asked = this.#asked.get(number);
    this.#asked.delete(number);
    clearTimeout(asked?.timer);
    return asked;
  }
}
