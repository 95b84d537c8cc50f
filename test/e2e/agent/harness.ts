import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { chmodSync, existsSync, lchownSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { prepareAgentBundle } from '../../../server/agents/agent-bundle.ts';
import { HostAgentCgroups } from '../../../server/agents/agent-cgroups.ts';
import { type AgentInstance, Agents } from '../../../server/agents/agents.ts';
import type { ExecCommand, ExecFrame, ExecSession } from '../../../server/agents/exec-session.ts';
import type { IdMap } from '../../../server/base/id-map.ts';
import { silentLog } from '../../../server/base/log.ts';
import type { Task } from '../../../server/base/task.ts';
import type { ResourceLimits } from '../../../server/host/cgroup-limit-values.ts';
import { KernelLimitFiles } from '../../../server/host/cgroup-limits.ts';
import { Cgroups } from '../../../server/host/cgroups.ts';
import { detectHostFeatures, realHost } from '../../../server/host/host-features.ts';
import { Orphans } from '../../../server/host/orphans.ts';
import { run } from '../../../server/host/run.ts';
import { buildSpec } from '../../../server/runtime/build-spec.ts';
import { OciRuntime } from '../../../server/runtime/oci-runtime.ts';
import { makeBusyboxRoot } from '../runtime/busybox-root.ts';
import { AgentCgroupRecorder } from './agent-cgroup-recorder.ts';

export const idMap: IdMap = { hostBase: 1_950_000_000, size: 65_536 };
const projectRoot = dirname(dirname(dirname(import.meta.dirname)));
/** What sessions of these tests grant by themselves, per channel. */
export const windowBytes = 256 * 1024;

export function newTask(signal: AbortSignal = new AbortController().signal): Task {
  return { signal, log: silentLog, report() {} };
}

export interface Result {
  readonly code: number;
  readonly message: string;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
}

export type Command = Partial<ExecCommand> & { readonly argv: readonly string[] };

/** One running busybox system with the real runtime, cgroups and agent; leaving the scope removes everything. */
export class AgentUnderTest implements AsyncDisposable {
  readonly directory: string;
  readonly daemonId: string;
  readonly runtime: OciRuntime;
  readonly cgroups: Cgroups;
  readonly recorder: AgentCgroupRecorder;
  agents: Agents;
  instance: AgentInstance;

  private constructor(directory: string, daemonId: string, runtime: OciRuntime, cgroups: Cgroups) {
    this.directory = directory;
    this.daemonId = daemonId;
    this.runtime = runtime;
    this.cgroups = cgroups;
    this.recorder = new AgentCgroupRecorder(new HostAgentCgroups(cgroups));
    this.instance = { id: randomUUID(), idleMs: 0 };
    this.agents = this.newAgents();
  }

  static async open(limits: ResourceLimits = {}, makeRoot: MakeRoot = makeSmallRoot): Promise<AgentUnderTest> {
    const directory = mkdtempSync(join(tmpdir(), 'yurt-e2e-agent-'));
    chmodSync(directory, 0o711); // ids of the instance pass through to its root
    const daemonId = `e2e-agent-${randomUUID().slice(0, 8)}`;
    for (const name of ['run', 'agents']) mkdirSync(join(directory, name));
    const cgroups = await Cgroups.detect();
    const features = await detectHostFeatures(realHost(cgroups));
    const runDirectory = join(directory, 'run');
    const runtime = await OciRuntime.open({
      ...{ runDirectory, daemonId, cgroups, features, run },
      orphans: new Orphans(),
      log: silentLog,
    });
    const under = new AgentUnderTest(directory, daemonId, runtime, cgroups);
    const agentDirectory = await prepareAgentBundle(bundleOptions(join(directory, 'agents')));
    const root = join(directory, 'root');
    await makeRoot(root);
    const { id } = under.instance;
    const base = { id, hostname: 'guest', idMap, rootPath: root, init: ['/sbin/init'], environment: {} };
    const cgroupsPath = runtime.cgroupOf(id);
    const spec = buildSpec({ ...base, cgroupsPath, devices: [], mounts: [], host: features.facts, agentDirectory });
    try {
      await runtime.create(newTask(), { id, spec, consoleLogPath: join(directory, 'console.log') });
      await new KernelLimitFiles(cgroups, `/yurt/${daemonId}`).apply(cgroupsPath, {}, limits);
      await runtime.start(newTask(), id);
    } catch (error) {
      await under[Symbol.asyncDispose]();
      throw error;
    }
    return under;
  }

  /** As a server that starts again: it knows nothing but the directory. */
  newAgents(): Agents {
    const { runtime, recorder: cgroups } = this;
    return new Agents({ runtime, cgroups, directory: join(this.directory, 'run/agents'), log: silentLog });
  }

  start(command: Command): Promise<ExecSession> {
    const defaults = { environment: {}, user: 0, group: 0, cwd: '' };
    return this.agents.exec(newTask(), this.instance, { ...defaults, ...command });
  }

  /** Runs a command to its end, with `input` on stdin, which is then closed. */
  async run(command: Command, input: Buffer = Buffer.alloc(0)): Promise<Result> {
    return await finish(await this.start(command), input);
  }

  async shell(script: string, command: Partial<Command> = {}): Promise<string> {
    const result = await this.run({ ...command, argv: ['sh', '-c', script] });
    return result.stdout.toString();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { id } = this.instance;
    await this.agents.forget(id);
    this.agents.close();
    await this.runtime.delete(id);
    await this.cgroups.remove(`/yurt/${this.daemonId}`);
    rmSync(this.directory, { recursive: true, force: true });
  }
}

export function bundleOptions(directory: string) {
  const nodePath = join(projectRoot, 'node_modules/node/bin/node');
  return { run, log: silentLog, nodePath, builtDirectory: join(projectRoot, 'dist/agent'), directory };
}

/** Reads a session to its end, granting what is read; feeds `input` as it is asked for. */
export async function finish(session: ExecSession, input: Buffer = Buffer.alloc(0)): Promise<Result> {
  const outputs = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
  let rest = input;
  if (rest.length === 0) session.closeStdin();
  for (const channel of ['stdout', 'stderr'] as const) session.grant(channel, windowBytes);
  for await (const frame of session.frames()) {
    if (frame.type === 'exit') {
      const [stdout, stderr] = [Buffer.concat(outputs.stdout), Buffer.concat(outputs.stderr)];
      return { code: frame.code, message: frame.message, stdout, stderr };
    }
    if (frame.type === 'stdin-window') {
      if (rest.length === 0) continue;
      session.writeStdin(rest.subarray(0, frame.bytes));
      rest = rest.subarray(frame.bytes);
      if (rest.length === 0) session.closeStdin();
    } else {
      outputs[frame.type].push(frame.data);
      session.grant(frame.type, frame.data.length);
    }
  }
  assert.fail('the session ended without an exit');
}

/** The next frame of an iterator that meets `wanted`. */
export async function nextFrame(
  frames: AsyncIterator<ExecFrame>,
  wanted: (frame: ExecFrame) => boolean,
): Promise<ExecFrame> {
  for (;;) {
    const next = await frames.next();
    if (next.done) assert.fail('the session ended');
    if (wanted(next.value)) return next.value;
  }
}

/** Fills a directory with a root whose files belong to the ids of the map. */
export type MakeRoot = (root: string) => Promise<void> | void;

function makeSmallRoot(root: string): void {
  makeBusyboxRoot(root, idMap);
  const applets = 'wc seq yes head pwd tail cksum md5sum readlink chmod rm setsid'.split(' ');
  const missing = applets.filter((name) => !existsSync(join(root, 'bin', name)));
  for (const name of missing) symlinkSync('busybox', join(root, 'bin', name));
  for (const name of ['home', 'home/ann', 'closed']) {
    mkdirSync(join(root, name), { mode: name === 'closed' ? 0o700 : 0o755 });
    lchownSync(join(root, name), idMap.hostBase, idMap.hostBase);
  }
  writeFileSync(join(root, 'etc/plain'), 'no program\n', { mode: 0o644 });
  writeFileSync(join(root, 'bin/orphan'), '#!/no/such/interpreter\n', { mode: 0o755 });
  writeFileSync(join(root, 'bin/headless'), 'echo headless "$@"\n', { mode: 0o755 });
}
