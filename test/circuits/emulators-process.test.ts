/** The process of the emulators: what it says when it cannot begin, is lost, or is left alone. */
import { afterEach, expect, it, vi } from 'vitest';
import '../support/forks-typescript.ts';
import { EmulatorsProcess } from '../../src/circuits/emulators-process.ts';
import type { GroupMember, GroupSlots } from '../../src/emulators/emulator-group.ts';

const open: EmulatorsProcess[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

async function begun(...members: readonly GroupMember[]) {
  const slots: GroupSlots[] = [];
  const lost: string[] = [];
  const process = await EmulatorsProcess.start(members, {
    onSlots: (some) => slots.push(some),
    onLost: (reason) => lost.push(reason),
  });
  open.push(process);
  return { process, slots, lost };
}

const ask = (url: string): Promise<Response> =>
  fetch(`${url}/api/chat`, {
    method: 'POST',
    body: JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'Why?' }] }),
  });

it('answers, and tells every slot change before its counts', async () => {
  const { process, slots } = await begun(
    { protocol: 'anthropic' },
    { protocol: 'ollama', script: { latencyMs: 5 } },
  );
  const answer = await ask(process.urls[1] ?? '');
  expect(await answer.text()).toContain('"done":true');
  expect((await process.stats()).map(({ calls }) => calls)).toEqual([0, 1]);
  const changes = slots.flatMap((one) => [...(one.changes[1]?.by ?? [])]);
  expect(changes).toEqual([1, -1]);
  const times = slots.flatMap((one) => [...(one.changes[1]?.atMs ?? [])]);
  expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThan(3);
});

it('is out when it is told to, and back by itself', async () => {
  const { process } = await begun({ protocol: 'ollama' });
  const url = process.urls[0] ?? '';
  await process.setOutages([{ member: 0, kind: 'server-error', inMs: 0, forMs: 200 }]);
  expect((await ask(url)).status).toBe(500);
  await vi.waitFor(async () => expect((await ask(url)).status).toBe(200), { timeout: 5_000 });
});

it('says why it cannot begin', async () => {
  const start = begun({ protocol: 'ollama', script: { chunks: -1 } });
  await expect(start).rejects.toMatchObject({
    code: 'emulators-failed',
    message: expect.stringContaining('script.chunks') as string,
  });
});

it('says that it is lost, answers nothing then, and closes all the same', async () => {
  const { process, lost } = await begun({ protocol: 'ollama' });
  const { pid } = process;
  if (pid === undefined) throw new Error('it has no process');
  globalThis.process.kill(pid, 'SIGKILL');
  await vi.waitFor(() => expect(lost).toEqual(['ended with SIGKILL']), { timeout: 5_000 });
  await expect(process.stats()).rejects.toMatchObject({ code: 'emulators-failed' });
  await process.close();
});

it('hears no signal of the terminal, and ends with its channel', async () => {
  const { process, lost } = await begun({ protocol: 'ollama' });
  const pid = process.pid ?? 0;
  globalThis.process.kill(pid, 'SIGINT');
  expect(await process.stats()).toHaveLength(1);
  await process.close();
  expect(lost).toEqual([]);
  expect(() => globalThis.process.kill(pid, 0)).toThrow('ESRCH');
});
