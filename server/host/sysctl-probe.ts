import { Fault } from '../base/fault.ts';
import type { Run } from './run.ts';

/** Tries kernel settings out where they harm nobody. */
export interface SysctlProbe {
  /**
   * Whether the kernel takes these in namespaces of an instance; names like `net.ipv4.ip_forward`. Fault `unsupported` that
   * names setting, value and the kernel's reason.
   */
  check(settings: Readonly<Record<string, string>>, privileged: boolean): Promise<void>;
}

/** Writes each in namespaces that end with the program that writes: runtimes make settings in any order, so each must be good alone. */
export class NamespacedSysctlProbe implements SysctlProbe {
  readonly #run: Run;

  constructor(run: Run) {
    this.#run = run;
  }

  async check(settings: Readonly<Record<string, string>>, privileged: boolean): Promise<void> {
    // One after the other: each has namespaces of its own, and there may be many.
    for (const [name, value] of Object.entries(settings)) await this.#try(name, value, privileged);
  }

  async #try(name: string, value: string, privileged: boolean): Promise<void> {
    const user = privileged ? [] : ['--user', '--map-root-user'];
    const place = `/proc/sys/${name.replaceAll('.', '/')}`;
    const { exitCode, stderr } = await this.#run(['unshare', ...user, '--net', '--ipc', 'tee', place], {
      input: value,
    });
    if (exitCode === 0) return;
    const reason = stderr.trim().split(': ').at(-1) ?? '';
    throw new Fault(
      'unsupported',
      `Invalid value "${value.slice(0, 80)}" for linux.sysctl.${name}: the kernel of this host refuses it (${reason.slice(0, 80)})`,
    );
  }
}
