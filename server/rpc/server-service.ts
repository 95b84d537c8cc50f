import type { ServerServiceHandlers } from '../../proto/gen/yurt/v1/ServerService.ts';
import { Fault } from '../base/fault.ts';
import type { Handlers } from './router.ts';

export interface ServerFacts {
  readonly name: string;
  readonly version: string;
  readonly kernelVersion: string;
  readonly architecture: string;
  readonly cgroupLayout: string;
  readonly runtime: { readonly name: string; readonly version: string };
  readonly conmonVersion: string;
  readonly features: readonly { readonly name: string; readonly present: boolean; readonly detail: string }[];
  readonly stateDirectory: string;
}

export interface ServerServiceDeps {
  readonly facts: ServerFacts;
  readonly countInstances: () => Promise<{ all: number; running: number }>;
  /** Begins to stop all instances and then the server. */
  readonly shutdown: (timeoutSeconds: number) => void;
}

const maxShutdownTimeoutSeconds = 86_400;

export function serverService({ facts, countInstances, shutdown }: ServerServiceDeps): Handlers<ServerServiceHandlers> {
  return {
    GetServer: async () => {
      const { all, running } = await countInstances();
      return {
        server: {
          name: facts.name,
          version: facts.version,
          kernelVersion: facts.kernelVersion,
          architecture: facts.architecture,
          cgroupLayout: facts.cgroupLayout,
          runtime: facts.runtime.name,
          runtimeVersion: facts.runtime.version,
          conmonVersion: facts.conmonVersion,
          nodeVersion: process.versions.node,
          features: [...facts.features],
          pid: process.pid,
          stateDirectory: facts.stateDirectory,
          instanceCount: all,
          runningInstanceCount: running,
        },
      };
    },
    Shutdown: async (call, { timeoutSeconds }) => {
      if (timeoutSeconds < 0 || timeoutSeconds > maxShutdownTimeoutSeconds) {
        throw new Fault('invalid', `The timeout must be between 0 and ${maxShutdownTimeoutSeconds} seconds`);
      }
      call.log.info({ timeoutSeconds }, 'shutdown was asked for');
      shutdown(timeoutSeconds);
      return {};
    },
  };
}
