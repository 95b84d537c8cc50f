import { Fault } from '../base/fault.ts';
import type { HostFeatures } from '../host/host-features.ts';

export interface ExecRequest {
  readonly id: string;
  readonly processPath: string;
  readonly pidPath: string;
  readonly logPath: string;
  /** How many descriptors from 3 on the new process keeps. */
  readonly preserveFds: number;
  /** Cgroup below the container's own. */
  readonly leaf?: string;
}

/** One OCI runtime: the words that it is called with. */
export interface Engine {
  readonly name: 'crun' | 'runc';
  readonly path: string;
  /** Options before the verb, also for the `create` that conmon calls. */
  globalArguments(stateDirectory: string): string[];
  /** Arguments after the global ones. */
  execArguments(request: ExecRequest): string[];
  /** Whether init waits at a fifo `exec.fifo` that may be read without the runtime. */
  readonly startsByFifo: boolean;
  /** Whether `exec` itself starts the process in `leaf`; otherwise it is moved there afterwards. */
  readonly execEntersLeaf: boolean;
}

/**
 * crun where cgroup v2 is alone: it is three times as fast and hands a delegated cgroup to the container itself. It
 * refuses hybrid hosts, on which runc does the work. Faults: `unsupported`, with what to install.
 */
export function chooseEngine({ features, cgroupLayout }: HostFeatures): Engine {
  const wanted = cgroupLayout === 'unified' ? 'crun' : 'runc';
  if (!features.cgroup2.present) {
    throw new Fault('unsupported', `${features.cgroup2.detail}: ${features.cgroup2.remedy}`);
  }
  for (const name of [wanted, 'conmon'] as const) {
    const feature = features[name];
    if (!feature.present) throw new Fault('unsupported', `${feature.detail}: ${feature.remedy}`);
  }
  return { ...engines[wanted], path: features[wanted].detail };
}

const engines: Readonly<Record<'crun' | 'runc', Omit<Engine, 'path'>>> = {
  crun: {
    name: 'crun',
    globalArguments: (directory) => [`--root=${directory}`, '--cgroup-manager=cgroupfs'],
    startsByFifo: false,
    execEntersLeaf: true,
    execArguments: (request) => [
      `--log=${request.logPath}`,
      'exec',
      '--detach',
      `--process=${request.processPath}`,
      `--pid-file=${request.pidPath}`,
      `--preserve-fds=${request.preserveFds}`,
      ...(request.leaf === undefined ? [] : [`--cgroup=${request.leaf}`]),
      request.id,
    ],
  },
  runc: {
    name: 'runc',
    globalArguments: (directory) => ['--root', directory],
    startsByFifo: true,
    // Its --cgroup wants the same leaf in all hierarchies of a hybrid host.
    execEntersLeaf: false,
    execArguments: (request) => [
      '--log',
      request.logPath,
      'exec',
      '--detach',
      '--process',
      request.processPath,
      '--pid-file',
      request.pidPath,
      '--preserve-fds',
      String(request.preserveFds),
      request.id,
    ],
  },
};
