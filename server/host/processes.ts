import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/**
 * Long-lived programs of ours that outlive the server (dnsmasq), found again by what the kernel says of them.
 * A process is one of ours when its argument vector is exactly `argv` and it shares our network and process namespaces (not that of mounts: after a restart we may have another):
 * a guest can give a process of its own any argument vector, but never our namespaces.
 */
export interface Processes {
  /** Whether `pid` runs `argv`, now. */
  runs(pid: number, argv: readonly string[]): boolean;
  /** Those of ours whose argument vector `matches`. Reads all of /proc: not for hot paths. */
  find(matches: (argv: readonly string[]) => boolean): OwnProcess[];
  /** Sends the signal when `pid` still runs `argv`; returns whether it did. */
  signal(pid: number, argv: readonly string[], signal: 'SIGHUP' | 'SIGTERM' | 'SIGKILL'): boolean;
}

export interface OwnProcess {
  readonly pid: number;
  readonly argv: readonly string[];
}

/** All reads are synchronous on purpose: between the look and the signal nothing else of this process runs. */
export class ProcProcesses implements Processes {
  runs(pid: number, argv: readonly string[]): boolean {
    const found = argvOf(pid);
    return found !== undefined && found.length === argv.length && found.every((word, index) => word === argv[index]);
  }

  find(matches: (argv: readonly string[]) => boolean): OwnProcess[] {
    const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
    return pids.map(Number).flatMap((pid) => {
      const argv = argvOf(pid);
      return argv !== undefined && matches(argv) ? [{ pid, argv }] : [];
    });
  }

  signal(pid: number, argv: readonly string[], signal: 'SIGHUP' | 'SIGTERM' | 'SIGKILL'): boolean {
    if (!this.runs(pid, argv)) return false;
    try {
      process.kill(pid, signal);
      return true;
    } catch {
      return false;
    }
  }
}

/** The argument vector of `pid` when it is ours; undefined when it is not or has ended. */
function argvOf(pid: number): readonly string[] | undefined {
  try {
    const raw = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    if (raw === '') return undefined; // a zombie or a kernel thread
    for (const namespace of ['net', 'pid']) {
      if (readlinkSync(`/proc/${pid}/ns/${namespace}`) !== readlinkSync(`/proc/self/ns/${namespace}`)) return undefined;
    }
    return raw.replace(/\0$/, '').split('\0');
  } catch {
    return undefined; // it ended while we looked
  }
}
