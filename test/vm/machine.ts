import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { BaseSystem } from './base-system.ts';
import { ports, testsParameter, testsSeparator } from './guest-units.ts';

export interface Machine {
  readonly system: BaseSystem;
  /** Read-only disks: `/dev/vdb`, `/dev/vdc`, … */
  readonly disks: readonly string[];
  /** Where its logs and throw-away writes go; the caller's to remove. */
  readonly directory: string;
  /** Test files or patterns to run instead of the core, when there are any. */
  readonly tests: readonly string[];
  readonly timeLimitMs: number;
  readonly signal: AbortSignal;
}

export interface MachineFiles {
  /** What kernel and init printed. */
  readonly console: string;
  /** What the guest wrote to the port of the totals. */
  readonly totals: string;
}

const memoryMiB = 6 * 1024;
const processors = 2;

/**
 * Boots a machine without any network device and waits until it powers itself off; what its tests print goes to
 * standard output. Rejects when the time is up, when the signal aborts, or when qemu fails.
 */
export async function runMachine(machine: Machine): Promise<MachineFiles> {
  const files = { console: join(machine.directory, 'console.log'), totals: join(machine.directory, 'totals.json') };
  const child = spawn('qemu-system-x86_64', argumentsOf(machine, files), {
    // Standard input is never written to, but its end would close the port of the report.
    stdio: ['pipe', 'pipe', 'inherit'],
    // Throw-away writes are kept in unlinked files there.
    env: { ...process.env, TMPDIR: machine.directory },
  });
  child.stdout.pipe(process.stdout, { end: false });
  const signal = AbortSignal.any([machine.signal, AbortSignal.timeout(machine.timeLimitMs)]);
  const kill = () => child.kill('SIGKILL');
  signal.addEventListener('abort', kill, { once: true });
  if (signal.aborted) kill();
  try {
    const [code] = await once(child, 'close');
    if (machine.signal.aborted) throw new Error('interrupted');
    if (signal.aborted) throw new Error(`it ran longer than ${machine.timeLimitMs / 60_000} minutes`);
    if (code !== 0) throw new Error(`qemu ended with ${code}`);
  } finally {
    signal.removeEventListener('abort', kill);
  }
  return files;
}

function argumentsOf({ system, disks, tests }: Machine, files: MachineFiles): string[] {
  const commandLine = [
    ...['root=/dev/vda', 'rw', 'console=ttyS0', 'quiet', 'systemd.show_status=false', 'panic=-1'],
    ...['mitigations=off', 'apparmor=1', 'systemd.unified_cgroup_hierarchy=1', 'systemd.journald.storage=volatile'],
    ...(tests.length === 0 ? [] : [`${testsParameter}=${tests.join(testsSeparator)}`]),
  ];
  return [
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot', '-nic', 'none'],
    ...['-machine', 'q35', '-accel', 'tcg,thread=multi,tb-size=1024', '-cpu', 'max,-pku'],
    ...['-smp', String(processors), '-m', String(memoryMiB)],
    ...['-kernel', system.kernel, '-initrd', system.initrd, '-append', commandLine.join(' ')],
    ...['-drive', `file=${system.rootDisk},format=raw,if=virtio,snapshot=on,cache=unsafe`],
    ...disks.flatMap((disk) => ['-drive', `file=${disk},format=raw,if=virtio,readonly=on`]),
    ...['-object', 'rng-random,id=random,filename=/dev/urandom', '-device', 'virtio-rng-pci,rng=random'],
    ...['-chardev', `file,id=console,path=${files.console}`, '-serial', 'chardev:console'],
    ...['-device', 'virtio-serial-pci'],
    ...['-chardev', 'stdio,id=report,signal=off', '-device', `virtserialport,chardev=report,name=${ports.report}`],
    ...['-chardev', `file,id=totals,path=${files.totals}`],
    ...['-device', `virtserialport,chardev=totals,name=${ports.totals}`],
  ];
}
