import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, writeFileSync } from 'node:fs';
import { Fault } from '../base/fault.ts';
import type { IdRange, IdRanges } from '../base/id-map.ts';
import { baseEnvironment } from './run.ts';

/** A descriptor of a user namespace, to give to mount_setattr(2). Dispose when the mount is made: mounts hold it themselves. */
export interface UserNamespace extends Disposable {
  readonly fd: number;
}

interface Entry {
  readonly fd: Promise<number>;
  users: number;
}

/** Namespaces kept for the next mount of the same ids. Each is one descriptor and a few kB of the kernel. */
const defaultMaxCached = 256;
/** How long the child that lends its namespace may take to appear. */
const appearTimeoutMs = 10_000;
const maxErrorBytes = 4096;
/** user_namespaces(7): 2^32 - 1 is no id. */
const maxId = 0xffff_fffe;

/**
 * User namespaces that exist for the sake of their id map alone: nothing runs in them. Making one takes a child process
 * (3-4 ms), so the last ones used stay open. Faults: `invalid` for a range that is none, `unsupported` when the host allows no
 * user namespaces.
 */
export class UserNamespaces implements Disposable {
  /** In order of last use, the oldest first. */
  readonly #entries = new Map<string, Entry>();
  readonly #maxCached: number;
  readonly #make: (ranges: IdRanges) => Promise<number>;

  constructor(maxCached = defaultMaxCached, make: (ranges: IdRanges) => Promise<number> = makeNamespace) {
    this.#maxCached = maxCached;
    this.#make = make;
  }

  /** One range stands for users and groups alike. */
  async open(wanted: IdRange | IdRanges): Promise<UserNamespace> {
    const ranges = 'users' in wanted ? wanted : { users: [wanted], groups: [wanted] };
    for (const range of [...ranges.users, ...ranges.groups]) checkRange(range);
    const key = `${textOf(ranges.users)}/${textOf(ranges.groups)}`;
    const entry = this.#entries.get(key) ?? { fd: this.#make(ranges), users: 0 };
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    entry.users += 1;
    try {
      const fd = await entry.fd;
      this.#evict();
      let open = true;
      const release = () => {
        if (open) entry.users -= 1;
        open = false;
      };
      return { fd, [Symbol.dispose]: release };
    } catch (error) {
      entry.users -= 1;
      if (this.#entries.get(key) === entry) this.#entries.delete(key);
      throw error;
    }
  }

  /** Closes all descriptors. No namespace may be in use. */
  [Symbol.dispose](): void {
    for (const entry of this.#entries.values()) close(entry);
    this.#entries.clear();
  }

  #evict(): void {
    for (const [key, entry] of this.#entries) {
      if (this.#entries.size <= this.#maxCached) return;
      if (entry.users > 0) continue;
      this.#entries.delete(key);
      close(entry);
    }
  }
}

function close(entry: Entry): void {
  entry.fd.then(closeSync).catch(() => {}); // one that could not be made was reported to whoever asked for it
}

function checkRange({ inside, outside, size }: IdRange): void {
  const whole = [inside, outside, size].every((value) => Number.isSafeInteger(value) && value >= 0);
  if (whole && size > 0 && inside + size - 1 <= maxId && outside + size - 1 <= maxId) return;
  throw new Fault('invalid', `No range of user ids: ${size} ids from ${inside} as ${outside}`);
}

/**
 * Only a new process can be in a new user namespace: unshare(2) with CLONE_NEWUSER refuses programs with threads. The
 * child lives until its map is written and its namespace is open; once it echoes a byte it is past unshare(2).
 */
async function makeNamespace({ users, groups }: IdRanges): Promise<number> {
  const child = spawn('unshare', ['--user', 'cat'], { stdio: ['pipe', 'pipe', 'pipe'], env: baseEnvironment });
  try {
    await appeared(child);
    writeFileSync(`/proc/${child.pid}/uid_map`, textOf(users));
    writeFileSync(`/proc/${child.pid}/gid_map`, textOf(groups));
    return openSync(`/proc/${child.pid}/ns/user`, 'r');
  } finally {
    child.kill('SIGKILL');
  }
}

/** As the kernel takes it, in one write of less than a page: user_namespaces(7). */
function textOf(ranges: readonly IdRange[]): string {
  return ranges.map(({ inside, outside, size }) => `${inside} ${outside} ${size}\n`).join('');
}

function appeared(child: ChildProcess): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const fail = (reason: string, cause?: unknown) =>
    reject(new Fault('unsupported', `Cannot make a user namespace: ${reason}`, { cause }));
  const timer = setTimeout(() => fail('it does not appear'), appearTimeoutMs);
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    if (said.length < maxErrorBytes) said += chunk.toString('utf8');
  });
  child.stdin?.on('error', () => {}); // it ended already: `close` tells why
  child.stdout?.once('data', () => resolve());
  child.once('error', (error) => fail(error.message, error));
  child.once('close', (status) => fail(said.trim() || `unshare ended with status ${status}`));
  child.stdin?.write('\n');
  return promise.finally(() => clearTimeout(timer));
}
