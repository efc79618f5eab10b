/**
 * Names a process so that it can be recognised later, although its pid may have been given to
 * another process by then: after a crash, a reboot, or in a container where pids begin anew each
 * time.
 *
 * - `mark` is the time at which the process began, as the system counts it; empty where that is
 *   unknown.
 * - `place` is the boot and the pid namespace in which the pid is valid; a record from another
 *   place says nothing about the pids here.
 */
import { execFile } from 'node:child_process';
import { readFile, readlink } from 'node:fs/promises';
import { promisify } from 'node:util';

export type ProcessRecord = { readonly pid: number; readonly mark: string; readonly place: string };

/** `foreign`: the process may live, but in a place that this process cannot see. */
export type Fate = 'alive' | 'dead' | 'foreign';

export type SeenProcess = { readonly mark: string; readonly name: string };

/**
 * Returns the process with that pid, or undefined. A process that waits to be reaped counts as
 * dead: it holds nothing any more.
 */
export async function lookUp(pid: number): Promise<SeenProcess | undefined> {
  if (!Number.isSafeInteger(pid) || pid <= 0) return undefined;
  if (process.platform === 'linux') {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
    if (stat !== undefined) return fromProcStat(stat);
  }
  if (!answersSignal(pid)) return undefined;
  if (process.platform === 'linux' || process.platform === 'win32') return { mark: '', name: '' };
  return fromPs(pid);
}

export async function recordOf(pid: number): Promise<ProcessRecord> {
  return { pid, mark: (await lookUp(pid))?.mark ?? '', place: await ownPlace() };
}

export async function fateOf(record: ProcessRecord): Promise<Fate> {
  if (record.place !== (await ownPlace())) return 'foreign';
  const seen = await lookUp(record.pid);
  if (seen === undefined) return 'dead';
  return seen.mark === record.mark || seen.mark === '' || record.mark === '' ? 'alive' : 'dead';
}

/**
 * Reads a record that `JSON.stringify` wrote. Returns undefined when it is not whole: a power cut
 * leaves empty files.
 */
export async function readRecord(path: string): Promise<ProcessRecord | undefined> {
  try {
    const value: unknown = JSON.parse(await readFile(path, 'utf8'));
    if (typeof value !== 'object' || value === null) return undefined;
    const { pid, mark, place } = value as Partial<Record<keyof ProcessRecord, unknown>>;
    if (typeof pid !== 'number' || typeof mark !== 'string' || typeof place !== 'string') {
      return undefined;
    }
    return { pid, mark, place };
  } catch {
    return undefined;
  }
}

/** A record as the name of a file: `<pid>~<mark>~<place>`, valid on every file system. */
export function nameOfRecord({ pid, mark, place }: ProcessRecord): string {
  return [String(pid), mark, place].map((part) => encodeURIComponent(part)).join('~');
}

/** Returns the record at the beginning of a name, or undefined when there is none. */
export function recordInName(name: string): ProcessRecord | undefined {
  const [, pid, mark, place] = /^(\d+)~([^~]*)~([^~]*)(?:~|$)/.exec(name) ?? [];
  if (pid === undefined || mark === undefined || place === undefined) return undefined;
  try {
    return { pid: Number(pid), mark: decodeURIComponent(mark), place: decodeURIComponent(place) };
  } catch {
    return undefined;
  }
}

function fromProcStat(stat: string): SeenProcess | undefined {
  // The process's name stands in parentheses, and may itself hold spaces and parentheses.
  const close = stat.lastIndexOf(')');
  const fields = stat.slice(close + 2).split(' ');
  const state = fields[0] ?? '';
  if (state === 'Z' || state === 'X') return undefined;
  return { mark: fields[19] ?? '', name: stat.slice(stat.indexOf('(') + 1, close) };
}

async function fromPs(pid: number): Promise<SeenProcess | undefined> {
  const columns = ['-o', 'state=', '-o', 'lstart=', '-o', 'comm=', '-p', String(pid)];
  const env = { ...process.env, LC_ALL: 'C' };
  const { stdout } = await promisify(execFile)('ps', columns, { env, timeout: 5_000 }).catch(
    () => ({
      stdout: undefined,
    }),
  );
  if (stdout === undefined) return answersSignal(pid) ? { mark: '', name: '' } : undefined;
  const words = stdout.trim().split(/\s+/);
  if (words.length < 7 || words[0]?.startsWith('Z') === true) return undefined;
  return {
    mark: words.slice(1, 6).join(' '),
    name: words.slice(6).join(' ').split('/').pop() ?? '',
  };
}

function answersSignal(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    // EPERM: the process lives and belongs to another user.
    return thrown instanceof Error && 'code' in thrown && thrown.code === 'EPERM';
  }
}

let place: Promise<string> | undefined;

function ownPlace(): Promise<string> {
  place ??= findPlace();
  return place;
}

async function findPlace(): Promise<string> {
  if (process.platform !== 'linux') return process.platform;
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '');
  const namespace = await readlink('/proc/self/ns/pid').catch(() => '');
  return `${boot.trim()}/${namespace}`;
}
