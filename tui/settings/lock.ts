import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../client/failure.ts';
import { fileFailure } from '../files/file-failure.ts';

const pollMs = 20;
/** What is done under a lock takes milliseconds. */
const patienceMs = 10_000;
/** Between its making and its content, the file of a lock is empty. */
const emptyMs = 1_000;
/** Older than this it is nobody's: its number may be that of another program by now. */
const maxAgeMs = 60_000;

/** Lets one process at a time do what changes `path`: a file beside it says which. What a killed one left is taken over. */
export async function locked<Result>(path: string, use: () => Promise<Result>): Promise<Result> {
  const lock = `${path}.lock`;
  try {
    mkdirSync(path.slice(0, path.lastIndexOf('/')), { recursive: true, mode: 0o700 });
    const until = performance.now() + patienceMs;
    while (!tryLock(lock)) {
      if (isStale(lock)) remove(lock);
      else if (performance.now() > until) throw new Failure(`Cannot write ${path}: another yurt is at it (${lock})`);
      else await sleep(pollMs);
    }
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw fileFailure('write', path, error);
  }
  try {
    return await use();
  } finally {
    rmSync(lock, { force: true });
  }
}

function tryLock(lock: string): boolean {
  try {
    writeFileSync(lock, String(process.pid), { flag: 'wx', mode: 0o600 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false; // of node:fs
    throw error;
  }
}

/** Takes a stale lock away. Others may do so too, and may have made a new one since: that is put back. */
function remove(lock: string): void {
  const taken = `${lock}.${process.pid}`;
  try {
    renameSync(lock, taken);
    if (!isStale(taken)) linkSync(taken, lock);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException; // of node:fs
    if (code !== 'ENOENT' && code !== 'EEXIST') throw error;
  }
  rmSync(taken, { force: true });
}

/** Whether nobody will remove it any more. */
function isStale(lock: string): boolean {
  try {
    const pid = Number(readFileSync(lock, 'utf8'));
    const ageMs = Date.now() - statSync(lock).mtimeMs;
    if (pid === 0 || ageMs > maxAgeMs) return ageMs > emptyMs;
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'; // that of kill(2); others are for who writes to find
  }
}
