/**
 * Chats whose tool calls a person must allow, on two real processes of which each is killed again and again:
 * no prompt is lost, no payment is made that was not allowed, and none that was allowed is left out.
 * `HEDDLE_KILLS` and `HEDDLE_SEED` widen and repeat it.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { createHeddle } from '../../src/index.ts';
import { compiled } from '../support/compiled.ts';
import { testDatabase } from '../support/postgres.ts';
import { clerk } from './clerk.ts';
import { effectsIn, Talk, type Told } from './clerk-person.ts';
import { generator } from './killing.ts';

const script = await compiled('test/crash/clerk-child.ts');
const databaseUrl = await testDatabase();
const kills = Number(process.env['HEDDLE_KILLS'] ?? 8);
const seed = Number(process.env['HEDDLE_SEED'] ?? Date.now() % 1_000_000);
const talksAtOnce = 4;

/** Two replicas; each is followed by another when it is killed. */
class Replicas {
  readonly #file: string;
  readonly #random: () => number;
  readonly #alive = new Set<ChildProcess>();
  made = 0;

  constructor(file: string, random: () => number) {
    this.#file = file;
    this.#random = random;
  }

  /** Resolves when this line of replicas has made its share of the kills; the last one lives on. */
  async line(): Promise<void> {
    while (this.made < kills) {
      const child = await this.#start();
      await sleep(this.#random() * 600);
      if (this.made >= kills) return;
      child.kill('SIGKILL');
      this.made += 1;
      await once(child, 'exit');
      this.#alive.delete(child);
    }
    await this.#start();
  }

  async #start(): Promise<ChildProcess> {
    const args = [script, databaseUrl, this.#file];
    const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#alive.add(child);
    for await (const line of createInterface({ input: child.stdout })) {
      if (line === 'started') return child;
    }
    throw new Error('a replica did not start');
  }

  async end(): Promise<void> {
    for (const child of this.#alive) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  }
}

it('promises 2, 3, 5 and 12: kills in chats lose no prompt, and carry out what was allowed and no more', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'heddle-clerks-'));
  const file = join(folder, 'effects');
  await writeFile(file, '');
  const random = generator(seed);
  const replicas = new Replicas(file, random);
  const heddle = await createHeddle({ databaseUrl, replica: false, agents: [clerk(file)] });
  const told: Told = { prompts: 0, refused: 0, accepted: {}, findings: [] };
  try {
    const killing = Promise.all([replicas.line(), replicas.line()]);
    const talking = Array.from({ length: talksAtOnce }, async (_, at) => {
      for (let n = 0; n === 0 || replicas.made < kills; n++) {
        await new Talk(heddle, told, random).hold(`${at}-${n}`, file);
      }
    });
    await Promise.all([killing, ...talking]);
    const effects = effectsIn(file);
    const refusals = effects.flatMap(({ refusal }) => refusal ?? []);
    const again = effects.length - new Set(effects.map(({ key }) => key)).size;
    console.log('kills in chats', { seed, kills: replicas.made, again, ...told });
    expect([...told.findings, ...refusals], `seed ${seed}`).toEqual([]);
    expect(replicas.made).toBe(kills);
    expect(told.prompts).toBeGreaterThanOrEqual(talksAtOnce * 4);
    expect(told.refused).toBeGreaterThan(told.prompts / 2);
  } finally {
    await heddle.close();
    await replicas.end();
    await rm(folder, { recursive: true });
  }
}, 3_600_000);
