import { closeSync, writeSync } from 'node:fs';
import { getSystemErrorMap } from 'node:util';
import { openPipe } from '../../native/pipe.ts';
import type { ProcessEnd } from '../../native/spawn.ts';
import type { Children } from '../children.ts';
import type { Launcher } from '../launcher.ts';
import { closeAll, Reader } from '../reader.ts';

/** `struct room` and `struct report` of agent/launcher/launcher.c. */
const roomBytes = 24;
const reportBytes = 8;
const SIGKILL = 9;

interface Helper {
  readonly pid: number;
  readonly requests: number;
  readonly reader: Reader;
}

/**
 * Takes memory for files as the instance's: pages of tmpfs count as those of the process that first touches them, and the
 * agent, which writes the files, has a cgroup of its own with small limits. A child of the agent, which is started when it is first
 * needed, lives in the instance's cgroup and touches them first (docs/decisions/0185-memory-for-files.md).
 */
export class MemoryRoom {
  readonly #children: Children;
  readonly #launcher: Launcher;
  #helper: Helper | undefined;
  #answer = Buffer.alloc(0);
  #waiting: PromiseWithResolvers<void> | undefined;
  /** Why there is no more room: nobody answers any more. */
  #over: string | undefined;

  constructor(children: Children, launcher: Launcher) {
    this.#children = children;
    this.#launcher = launcher;
  }

  /**
   * One call at a time; the descriptor stays open until it has settled. Rejects with the failures of fallocate(2): ENOSPC when
   * the file system is full, ENOMEM when the instance may have no more memory.
   */
  async make(fd: number, offset: number, length: number): Promise<void> {
    if (this.#over !== undefined) throw failure(this.#over);
    this.#helper ??= this.#start();
    const request = Buffer.alloc(roomBytes);
    for (const [index, value] of [offset, length, fd].entries()) request.writeBigInt64LE(BigInt(value), index * 8);
    this.#waiting = Promise.withResolvers();
    try {
      writeSync(this.#helper.requests, request);
    } catch {
      // It has gone: its end is what is waited for.
    }
    await this.#waiting.promise;
  }

  /** What waits for room gets none. Idempotent. */
  close(): void {
    this.#finish('ECANCELED');
    const helper = this.#helper;
    this.#helper = undefined;
    if (helper === undefined) return;
    closeSync(helper.requests);
    helper.reader.close();
    this.#children.signal(helper.pid, SIGKILL);
  }

  #start(): Helper {
    const opened: number[] = [];
    try {
      const [requests, answers] = [openPipe(), openPipe()];
      opened.push(...Object.values(requests), ...Object.values(answers));
      const pid = this.#children.start(this.#request(requests.readEnd, answers.writeEnd), (end) => this.#ended(end));
      closeAll([requests.readEnd, answers.writeEnd]);
      const reader = new Reader(answers.readEnd, 'pipe', { data: (bytes) => this.#answered(bytes), end() {} });
      reader.resume();
      return { pid, requests: requests.writeEnd, reader };
    } catch (error) {
      closeAll(opened);
      throw error;
    }
  }

  #request(requests: number, answers: number) {
    const { path, cgroupFds } = this.#launcher;
    return {
      path,
      argv: [path, 'room', String(cgroupFds.length)],
      environment: {},
      fds: [requests, answers, answers, answers, ...cgroupFds],
    };
  }

  #answered(bytes: Buffer): true {
    this.#answer = Buffer.concat([this.#answer, bytes]);
    if (this.#answer.length < reportBytes) return true;
    const errno = this.#answer.readInt32LE(4);
    this.#answer = this.#answer.subarray(reportBytes);
    this.#settle(errno === 0 ? undefined : nameOf(errno));
    return true;
  }

  /** What it said last may not have been read. Nobody but the kernel, which needs the memory, kills it. */
  #ended(end: ProcessEnd): void {
    this.#helper?.reader.drain();
    this.#finish('signal' in end && end.signal === SIGKILL ? 'ENOMEM' : 'EIO');
  }

  #finish(code: string): void {
    this.#over ??= code;
    this.#settle(code);
  }

  #settle(code: string | undefined): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (code === undefined) waiting?.resolve();
    else waiting?.reject(failure(code));
  }
}

function nameOf(errno: number): string {
  return getSystemErrorMap().get(-errno)?.[0] ?? 'EIO';
}

function failure(code: string): Error {
  return Object.assign(new Error(`No room for a file: ${code}`), { code });
}
