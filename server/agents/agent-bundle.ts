import { createHash, randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { chmod, copyFile, mkdir, open, readdir, readFile, readlink, rename, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { errnoOf, Fault } from '../base/fault.ts';
import type { Log } from '../base/log.ts';
import { type Run, runChecked } from '../host/run.ts';
import { agentMountLabel } from './agent-mount.ts';
import { elfInterpreter } from './elf-interpreter.ts';

export interface AgentBundleOptions {
  readonly run: Run;
  readonly log: Log;
  /** The Node that agents run on. */
  readonly nodePath: string;
  /** What `bin/build.ts` made: agent.cjs, launcher, pty.node, koffi.node. */
  readonly builtDirectory: string;
  /** Where bundles are kept, one directory per content; the caller holds the lock of this server. */
  readonly directory: string;
}

const programs = ['launcher', 'agent.cjs'] as const;
const modules = ['pty.node', 'koffi.node'] as const;
const maxCopiesAtOnce = 4;
/** Everybody inside may read and run it, nobody may write: it belongs to the host's root, who is nobody there. */
const fileMode = 0o555;
const directoryMode = 0o755;
const bundleName = /^[0-9a-f]{32}$/;

interface BundleFile {
  readonly source: string;
  /** Relative to the bundle. */
  readonly target: string;
}

/**
 * The directory that instances see read-only at /dev/.yurt: Node, the loader and the libraries of this host, the agent.
 * It is named after its content, so that an upgraded server makes a new one while running instances keep theirs; it is
 * complete or not there, also after a crash. Returns its absolute path. Faults: `unsupported` where Node or a library is missing.
 */
export async function prepareAgentBundle(options: AgentBundleOptions): Promise<string> {
  const files = await bundleFiles(options);
  const target = join(options.directory, await contentName(files));
  await mkdir(options.directory, { recursive: true, mode: 0o711 });
  if (await exists(target)) return target;
  const draft = join(options.directory, `draft-${randomUUID()}`);
  try {
    await mkdir(join(draft, 'lib'), { recursive: true, mode: directoryMode });
    const queue = [...files];
    const copyNext = async (): Promise<void> => {
      for (let file = queue.pop(); file !== undefined; file = queue.pop()) await copyDurably(file, draft);
    };
    await Promise.all(Array.from({ length: maxCopiesAtOnce }, copyNext));
    for (const directory of [join(draft, 'lib'), draft]) {
      await chmod(directory, directoryMode);
      await sync(directory);
    }
    await rename(draft, target);
    await sync(options.directory);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    throw error;
  }
  return target;
}

/**
 * Removes bundles other than `current` that no process on this machine has mounted, and drafts of a server that was
 * killed. Failing to remove one is only logged: the next start tries again.
 */
export async function removeUnusedBundles(options: AgentBundleOptions, current: string): Promise<void> {
  const names = await readdir(options.directory);
  const old = names.filter(
    (name) => name !== basename(current) && (bundleName.test(name) || name.startsWith('draft-')),
  );
  if (old.length === 0) return;
  const mounted = await mountsOfAllProcesses();
  for (const name of old) {
    if (
      mounted.some((mountinfo) => mountinfo.includes(`/${name} `) || mountinfo.includes(` ${agentMountLabel(name)} `))
    )
      continue;
    await rm(join(options.directory, name), { recursive: true, force: true }).catch((error: unknown) =>
      options.log.warn({ err: error, bundle: name }, 'an old agent could not be removed'),
    );
  }
}

async function bundleFiles({ run, nodePath, builtDirectory }: AgentBundleOptions): Promise<BundleFile[]> {
  const loader = elfInterpreter(await readHead(nodePath));
  if (loader === undefined) throw new Fault('unsupported', `${nodePath} is not a dynamically linked program`);
  const native = [nodePath, ...modules.map((name) => join(builtDirectory, name))];
  const libraries = new Map<string, string>();
  for (const list of await Promise.all(native.map((path) => runChecked(run, [loader, '--list', path])))) {
    for (const [name, path] of parseLibraries(list.stdout)) libraries.set(name, path);
  }
  return [
    { source: nodePath, target: 'node' },
    { source: loader, target: 'ld.so' },
    ...[...programs, ...modules].map((name) => ({ source: join(builtDirectory, name), target: name })),
    ...[...libraries].map(([name, path]) => ({ source: path, target: join('lib', name) })),
  ];
}

/** Lines of `ld.so --list`: `libm.so.6 => /lib/x86_64-linux-gnu/libm.so.6 (0x…)`. Those without a file are the kernel's, and the loader. */
export function parseLibraries(list: string): Map<string, string> {
  const libraries = new Map<string, string>();
  for (const line of list.split('\n')) {
    const [name, path] = line.trim().split(' => ');
    if (name === undefined || path === undefined) continue;
    const file = path.replace(/ \(0x[0-9a-f]+\)$/, '');
    if (!file.startsWith('/') || name.includes('/')) throw new Fault('unsupported', `The library ${name} is missing`);
    libraries.set(name, file);
  }
  return libraries;
}

/** Small files by content, large ones (Node: 150 MB) by size and time of change: this runs at every start of a server. */
async function contentName(files: readonly BundleFile[]): Promise<string> {
  const hash = createHash('sha256');
  for (const { source, target } of [...files].sort((left, right) => (left.target < right.target ? -1 : 1))) {
    const { size, mtimeNs } = await stat(source, { bigint: true });
    const small = programs.some((name) => name === target);
    hash.update(`${target} ${size} ${small ? '' : mtimeNs}\n`);
    if (small) hash.update(await readFile(source));
  }
  return hash.digest('hex').slice(0, 32);
}

/** A copy, shared with the original where the file system can: an update of the original in place must not reach it. */
async function copyDurably({ source, target }: BundleFile, directory: string): Promise<void> {
  const path = join(directory, target);
  await copyFile(source, path, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL);
  await sync(path);
  await chmod(path, fileMode);
}

async function sync(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

async function readHead(path: string): Promise<Buffer> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(64 * 1024), 0, 64 * 1024, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw error;
  }
}

/** proc_pid_mountinfo(5) of one process per mount namespace. */
async function mountsOfAllProcesses(): Promise<string[]> {
  const seen = new Set<string>();
  const mounts: string[] = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    try {
      const namespace = await mountNamespace(pid);
      if (seen.has(namespace)) continue;
      seen.add(namespace);
      mounts.push(await readFile(`/proc/${pid}/mountinfo`, 'utf8'));
    } catch (error) {
      if (!['ENOENT', 'ESRCH', 'EINVAL'].includes(errnoOf(error) ?? '')) throw error; // it has ended meanwhile
    }
  }
  return mounts;
}

/** One that cannot be told (a server in a container may not look at its own init) counts as a namespace of its own. */
async function mountNamespace(pid: string): Promise<string> {
  try {
    return await readlink(`/proc/${pid}/ns/mnt`);
  } catch (error) {
    if (errnoOf(error) === 'EACCES' || errnoOf(error) === 'EPERM') return `of process ${pid}`;
    throw error;
  }
}
