import { mkdtemp, readdir, rm, utimes, writeFile, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { embeddedLimits } from '../../../src/store/embedded/limits.ts';
import { nameOfRecord, recordOf } from '../../../src/store/embedded/process-record.ts';
import { withStartLock } from '../../../src/store/embedded/start-lock.ts';

let directory = '';
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'heddle-lock-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

describe('withStartLock', () => {
  it('lets one in at a time, also past a dead holder that all find at once', async () => {
    await mkdir(join(directory, 'lock'));
    await writeFile(join(directory, 'lock', await deadToken()), '');
    let inside = 0;
    let most = 0;
    let entered = 0;
    await Promise.all(
      Array.from({ length: 30 }, () =>
        withStartLock(directory, async () => {
          entered += 1;
          inside += 1;
          most = Math.max(most, inside);
          await sleep(2);
          inside -= 1;
        }),
      ),
    );
    expect({ entered, most }).toEqual({ entered: 30, most: 1 });
    expect(await readdir(directory)).toEqual([]);
  });

  it('gives the lock back when the work fails', async () => {
    const work = withStartLock(directory, () => Promise.reject(new Error('no')));
    await expect(work).rejects.toThrow('no');
    expect(await withStartLock(directory, () => Promise.resolve(1))).toBe(1);
  });

  it('believes a holder in another container for as long as its file is fresh', async () => {
    await mkdir(join(directory, 'lock'));
    const token = join(directory, 'lock', foreignToken);
    await writeFile(token, '');
    let entered = false;
    const work = withStartLock(directory, () => {
      entered = true;
      return Promise.resolve();
    });
    await sleep(300);
    expect(entered).toBe(false);
    const longAgo = new Date(Date.now() - 60_000);
    await utimes(token, longAgo, longAgo);
    await work;
    expect(entered).toBe(true);
  });

  it('takes over from a holder that nobody can tell, once its file is old', async () => {
    await mkdir(join(directory, 'lock'));
    const token = join(directory, 'lock/token');
    await writeFile(token, '');
    const longAgo = new Date(Date.now() - 60_000);
    await utimes(token, longAgo, longAgo);
    expect(await withStartLock(directory, () => Promise.resolve(1))).toBe(1);
  });

  it('sweeps up after whoever was killed while it waited, whatever it had got to', async () => {
    await mkdir(join(directory, `lock.${await deadToken()}~1`));
    const later = `${await deadToken()}~2`;
    await mkdir(join(directory, `lock.${later}`));
    await writeFile(join(directory, `lock.${later}`, later), '');
    await withStartLock(directory, () => Promise.resolve());
    expect(await readdir(directory)).toEqual([]);
  });

  it('leaves a waiter in another container alone for as long as one may wait', async () => {
    const waiter = join(directory, `lock.${foreignToken}`);
    await mkdir(waiter);
    await withStartLock(directory, () => Promise.resolve());
    expect(await readdir(directory)).toEqual([`lock.${foreignToken}`]);
    const longAgo = new Date(Date.now() - 3 * embeddedLimits.lockWaitMsMax);
    await utimes(waiter, longAgo, longAgo);
    await withStartLock(directory, () => Promise.resolve());
    expect(await readdir(directory)).toEqual([]);
  });
});

const foreignToken = `${nameOfRecord({ pid: 1, mark: '1', place: 'else/where' })}~x`;

/** As of a process that has ended: its pid is another's by now, which began at another time. */
async function deadToken(): Promise<string> {
  return nameOfRecord({ ...(await recordOf(process.pid)), mark: '1' });
}
