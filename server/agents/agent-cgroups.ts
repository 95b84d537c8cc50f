import { closeSync, openSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf } from '../base/fault.ts';
import type { Cgroups } from '../host/cgroups.ts';

/**
 * What an agent may use: it serves an instance of any size, and an instance whose root has taken it over gains no more
 * than this. It idles at 15 MB, and 60 MB have been seen with fifty commands at once.
 */
const memoryBytes = 128 * 1024 * 1024;
/** Node's threads, and the launchers of commands until they have joined the instance's cgroup. */
const maxProcesses = 256;
/** One processor: `cpuQuotaUs` of every `cpuPeriodUs`. */
const cpuQuotaUs = 100_000;
const cpuPeriodUs = 100_000;

/**
 * The hierarchies in which agents and commands have other cgroups than init. Of the v1 ones only those with limits:
 * in the others (devices, freezer) the agent stays what it is, a process of the instance.
 */
const hierarchies = ['unified', 'memory', 'cpu', 'pids'] as const;

/** Limits by file, for v2 and for v1; those of controllers that a hierarchy does not have are left out. */
const limits: Readonly<Record<(typeof hierarchies)[number], Readonly<Record<string, string>>>> = {
  unified: {
    'memory.max': String(memoryBytes),
    'memory.swap.max': '0',
    'pids.max': String(maxProcesses),
    'cpu.max': `${cpuQuotaUs} ${cpuPeriodUs}`,
  },
  memory: { 'memory.limit_in_bytes': String(memoryBytes) },
  cpu: { 'cpu.cfs_period_us': String(cpuPeriodUs), 'cpu.cfs_quota_us': String(cpuQuotaUs) },
  pids: { 'pids.max': String(maxProcesses) },
};

/** Commands live here on v2: where a system has made cgroups below its own, that takes no processes itself. */
const commandLeaf = '.yurt';

const freezeTimeoutMs = 10_000;

/** Open cgroup.procs files; whoever inherits one may move itself there, because root of the host has opened it. */
export interface AgentCgroupFiles extends Disposable {
  /** Of the agent's own cgroups. */
  readonly agent: readonly number[];
  /** Of the instance's, for commands. */
  readonly commands: readonly number[];
}

export interface AgentCgroups {
  /** Makes the agent's cgroup beside the instance's, and the place for commands. `instance` as `Runtime.cgroupOf` says. */
  open(instance: string): Promise<AgentCgroupFiles>;
  /** Kills the agent, if it lives, and removes its cgroup. Idempotent. */
  remove(instance: string): Promise<void>;
  /** Holds still whatever lives in the agent's cgroup, if there is one. Fault `timed-out`. */
  freeze(instance: string): Promise<void>;
  /** Idempotent. Fault `timed-out`. */
  thaw(instance: string): Promise<void>;
}

type HostCgroups = Pick<Cgroups, 'paths' | 'remove' | 'freeze' | 'thaw'>;

/** The cgroups of agents on this machine, v2 or hybrid. */
export class HostAgentCgroups implements AgentCgroups {
  readonly #cgroups: HostCgroups;

  constructor(cgroups: HostCgroups) {
    this.#cgroups = cgroups;
  }

  async open(instance: string): Promise<AgentCgroupFiles> {
    const own = this.#cgroups.paths(agentCgroup(instance));
    const theirs = this.#cgroups.paths(instance);
    const agents: string[] = [];
    const commands: string[] = [];
    await Promise.all(
      hierarchies.map(async (hierarchy) => {
        const [agent, init] = [own[hierarchy], theirs[hierarchy]];
        if (agent === undefined || init === undefined) return;
        const command = hierarchy === 'unified' ? join(init, commandLeaf) : init;
        await mkdir(agent, { recursive: true });
        if (command !== init) await mkdirIfMissing(command);
        await Promise.all(
          Object.entries(limits[hierarchy]).map(([file, value]) => writeIfThere(join(agent, file), value)),
        );
        agents.push(agent);
        commands.push(command);
      }),
    );
    return openProcs(agents, commands);
  }

  async remove(instance: string): Promise<void> {
    await this.#cgroups.remove(agentCgroup(instance));
  }

  /** The v2 freezer, on hybrid hosts too: as that of instances. */
  async freeze(instance: string): Promise<void> {
    await ifThere(this.#cgroups.freeze(agentCgroup(instance), freezeTimeoutMs));
  }

  async thaw(instance: string): Promise<void> {
    await ifThere(this.#cgroups.thaw(agentCgroup(instance), freezeTimeoutMs));
  }
}

/** Without a cgroup there is no agent. */
async function ifThere(change: Promise<void>): Promise<void> {
  try {
    await change;
  } catch (error) {
    if (!['ENOENT', 'ENODEV'].includes(errnoOf(error) ?? '')) throw error;
  }
}

function agentCgroup(instance: string): string {
  return `${instance}.agent`;
}

function openProcs(agents: readonly string[], commands: readonly string[]): AgentCgroupFiles {
  const opened: number[] = [];
  const close = () => {
    for (const fd of opened.splice(0)) closeSync(fd);
  };
  const open = (directory: string) => {
    const fd = openSync(join(directory, 'cgroup.procs'), 'r+');
    opened.push(fd);
    return fd;
  };
  try {
    return { agent: agents.map(open), commands: commands.map(open), [Symbol.dispose]: close };
  } catch (error) {
    close();
    throw error;
  }
}

/** Not `recursive`: a cgroup that is gone with its instance must not come back. */
async function mkdirIfMissing(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
  }
}

async function writeIfThere(path: string, value: string): Promise<void> {
  try {
    await writeFile(path, value, { flag: 'r+' });
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}
