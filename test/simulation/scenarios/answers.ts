/** Answers beside timeouts, beside each other, beside a skip, a pause and a cancel (promise 12). */
import { askIdOf } from '../../../src/domain/ask-id.ts';
import type { RunId } from '../../../src/domain/ids.ts';
import { approver } from '../agents.ts';
import { journalOf, outputsOf, runsOf } from '../checks.ts';
import type { Client } from '../client.ts';
import { kernel } from '../kernel.ts';
import type { Scenario, World } from '../world.ts';
import { onFirst, onSecond } from './channels.ts';

const approvers = kernel.register(approver);

/** What each world's clients were told is accepted: by question, what was said. */
const acceptedIn = new WeakMap<World, Map<string, string[]>>();

function accepted(world: World): Map<string, string[]> {
  const known = acceptedIn.get(world) ?? new Map<string, string[]>();
  acceptedIn.set(world, known);
  return known;
}

/** Answers what is asked at this moment; each answer has words of its own. */
async function answer(client: Client, runId: RunId, says: string): Promise<void> {
  const question = client.question(runId, 'approve');
  if (question === undefined) return;
  const isAccepted = await client.answerTo(question, says);
  if (!isAccepted) return;
  const known = accepted(client.world);
  const askId = askIdOf(question);
  known.set(askId, [...(known.get(askId) ?? []), says]);
}

/** Two people answer what they see, around its time limits, again and again. */
async function twoPeople(client: Client, runId: RunId, name: string): Promise<void> {
  for (const sleepMs of [32, 4, 3, 20, 6, 25, 30]) {
    await client.sleep(sleepMs);
    const says = `${name} at ${client.nowMs}`;
    await Promise.all([answer(client, runId, `${says} a`), answer(client, runId, `${says} b`)]);
  }
}

export const answersBesideTimeouts: Scenario = {
  name: 'answers beside timeouts',
  agents: [approvers],
  replicas: 2,
  clients: [
    async (client) => {
      const runId = await client.start(approvers, null, { pipeline: onFirst });
      await twoPeople(client, runId, 'ann');
    },
    async (client) => {
      const runId = await client.start(approvers, null, { pipeline: onSecond });
      await client.tell(runId, 'pause');
      await Promise.all([
        twoPeople(client, runId, 'bob'),
        client.sleep(60).then(() => client.tell(runId, 'resume')),
      ]);
    },
  ],
  // Which answers were in time is the schedule's.
  outcome: (world) => outputsOf(world).map(({ status }) => status),
  check: (world) => lostAnswers(world, []),
};

export const answersBesideEvents: Scenario = {
  name: 'answers beside events and a cancel',
  agents: [approvers],
  replicas: 2,
  clients: [
    async (client) => {
      const runId = await client.start(approvers, null, { pipeline: onSecond });
      await client.sleep(20);
      await Promise.all([
        client.send(runId, { type: 'SKIP' }),
        answer(client, runId, 'x'),
        client.sleep(2).then(() => answer(client, runId, 'y')),
      ]);
    },
    async (client) => {
      const runId = await client.start(approvers, null, { pipeline: onFirst });
      await client.sleep(20);
      await Promise.all([client.tell(runId, 'cancel'), answer(client, runId, 'z')]);
    },
  ],
  outcome: (world) => outputsOf(world).map(({ status }) => status !== 'failed'),
  check: (world) => lostAnswers(world, ['SKIP', 'cancel']),
};

/** Each accepted answer is what its question gave, or was dropped for what the scenario allows. */
function lostAnswers(world: World, allowed: readonly string[]): string[] {
  const journals = runsOf(world).map((run) => ({
    run,
    entries: journalOf(world, run).map(({ entry }) => entry),
  }));
  const gave = new Map<string, string[]>();
  const dropped = new Set<string>();
  for (const { run, entries } of journals) {
    for (const entry of entries) {
      if (entry.kind === 'done') {
        const askId = askIdOf({
          runId: run.runId,
          invocationId: entry.id,
          incarnation: entry.incarnation,
        });
        const { answer: said } = entry.output as { readonly answer: string };
        gave.set(askId, [...(gave.get(askId) ?? []), said]);
      }
      if (entry.kind === 'answer-dropped') dropped.add(`${entry.askId} ${String(entry.answer)}`);
    }
  }
  const findings: string[] = [];
  for (const [askId, says] of accepted(world)) {
    if (says.length > 1) findings.push(`answer twice: ${askId} took ${says.join(' and ')}`);
    for (const said of says) {
      if (gave.get(askId)?.includes(said) === true) continue;
      if (allowed.length > 0 && dropped.has(`${askId} ${said}`)) continue;
      findings.push(`answer lost: ${askId} ${said}`);
    }
  }
  for (const [askId, says] of gave) {
    if (says.length > 1) findings.push(`answer doubled: ${askId} gave ${says.join(' and ')}`);
    const known = accepted(world).get(askId) ?? [];
    for (const said of says) {
      if (!known.includes(said)) findings.push(`answer astray: ${askId} gave ${said}`);
    }
  }
  return findings;
}
