import { constants } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { errnoOf } from '../base/fault.ts';

/** A waiting init answers at once; one that does not is the runtime's own business. */
const answerTimeoutMs = 1_000;
const pollMs = 1;

/**
 * Releases the init of a created container as `runc start` does (runc, libcontainer/container_linux.go: the waiting init
 * has its end of `exec.fifo` open for writing, and goes on when somebody reads): 1 ms instead of a process of 8. False when
 * init did not answer; `runc start` then says why.
 */
export async function releaseInit(path: string): Promise<boolean> {
  let fifo: Awaited<ReturnType<typeof open>>;
  try {
    fifo = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw error;
  }
  try {
    const deadline = Date.now() + answerTimeoutMs;
    while (!(await hasByte(fifo))) {
      if (Date.now() > deadline) return false;
      await delay(pollMs);
    }
  } finally {
    await fifo.close();
  }
  await rm(path, { force: true });
  return true;
}

/** Nothing is there while init has not opened its end (0 bytes) or not written yet (EAGAIN): fifo(7). */
async function hasByte(fifo: Awaited<ReturnType<typeof open>>): Promise<boolean> {
  try {
    return (await fifo.read(Buffer.alloc(1), 0, 1)).bytesRead === 1;
  } catch (error) {
    if (errnoOf(error) === 'EAGAIN') return false;
    throw error;
  }
}
