import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../client/failure.ts';
import { fileFailure } from '../files/file-failure.ts';

const pollMs = 20;
/** What is done under a lock takes milliseconds. */
const patienceMs = 10_000;
/** Between its making and its content, the file of a lock is empty. */
const emptyMs = 1_000;

/** Lets one process at a time do what changes `path`: a file beside it says which. What a killed one left is taken over. */
export async function locked<Result>(path: string, use: () => Promise<Result>): Promise<Result> {
  const lock = `${path}.lock`;
  try {
    mkdirSync(path.slice(0, path.lastIndexOf('/')), { recursive: true, mode: 0o700 });
    const until = performance.now() + patienceMs;
    while (!tryLock(lock)) {
      if (isStale(lock)) rmSync(lock, { force: true });
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

/** Whether nobody will remove it any more. */
function isStale(lock: string): boolean {
  try {
    const pid = Number(readFileSync(lock, 'utf8'));
    if (pid === 0) return Date.now() - statSync(lock).mtimeMs > emptyMs;
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'; // that of kill(2); others are for who writes to find
  }
}
