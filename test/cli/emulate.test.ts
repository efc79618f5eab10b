/** `heddle emulate` as a user has it. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ollama } from 'ollama';
import { expect, it } from 'vitest';
import { startEmulator } from '../../src/emulators/emulator.ts';
import { called } from './called.ts';
import { heddle, type Spawned } from './spawned.ts';

/** Time for a process of its own on a machine that is busy. */
const timeout = 240_000;

async function firstLine({ child }: Spawned): Promise<string> {
  for await (const part of child.stdout ?? []) return String(part).trim();
  throw new Error('it said nothing');
}

it.each(['SIGINT', 'SIGTERM'] as const)(
  'says where it is, behaves by its script, and ends cleanly on %s',
  { timeout },
  async (signal) => {
    const folder = await mkdtemp(join(tmpdir(), 'heddle-emulate-'));
    const file = join(folder, 'script.json');
    await writeFile(file, '{"whenFull":"rate-limited","ceiling":7,"models":["m"]}');
    const flags = ['--script', file, '--ceiling', '1', '--latency-ms', '600000', '--seed', '3'];
    const emulate = heddle('emulate', 'ollama', ...flags);
    const url = await firstLine(emulate);
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    const ask = () =>
      new Ollama({ host: url })
        .chat({ model: 'm', messages: [{ role: 'user', content: 'hi' }] })
        .then(
          () => 'answered',
          ({ status_code: status }: { status_code?: number }) => status ?? 'cut off',
        );
    // One of the two has the only place, and the flag went before the file.
    const both = [ask(), ask()];
    expect(await Promise.race(both)).toBe(429);
    emulate.child.kill(signal);
    const { code, stderr } = await emulate.ended;
    expect(new Set(await Promise.all(both))).toEqual(new Set([429, 'cut off']));
    expect(code).toBe(0);
    expect(JSON.parse(stderr)).toMatchObject({ calls: 2, rateLimited: 1, peakInFlight: 1 });
    await rm(folder, { recursive: true });
  },
);

it('promise 11: refuses by field what it cannot do', async () => {
  const taken = await startEmulator({ protocol: 'ollama' });
  const folder = await mkdtemp(join(tmpdir(), 'heddle-emulate-'));
  const file = join(folder, 'script.json');
  for (const [said, script, ...args] of [
    ['protocol must be one of anthropic, ollama, openai', '{}', 'gopher'],
    ['port must be from 0 to 65535', '{}', 'ollama', '--port', '70000'],
    [`port ${taken.port} cannot be listened on`, '{}', 'ollama', '--port', `${taken.port}`],
    ['ceiling must be a whole number', '{}', 'anthropic', '--ceiling', 'many'],
    ['script cannot be read', '{', 'anthropic', '--script', file],
    ['script cannot be read', '{}', 'anthropic', '--script', `${file}.gone`],
    ['script must be an object', '[]', 'anthropic', '--script', file],
    ['script.chunks must be from 1', '{"chunks":0}', 'anthropic', '--script', file],
  ] as const) {
    await writeFile(file, script);
    const { code, stdout, stderr } = await called('emulate', ...args);
    expect(stderr).toContain(said);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  }
  await taken.close();
  await rm(folder, { recursive: true });
});
