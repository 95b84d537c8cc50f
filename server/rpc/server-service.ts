import type { ServerServiceHandlers } from '../../proto/gen/yurt/v1/ServerService.ts';
import type { ConfigKey } from '../base/config-key.ts';
import { Fault } from '../base/fault.ts';
import { suggestion } from '../base/nearest.ts';
import type { ServerConfig } from '../daemon/server-config.ts';
import type { DeviceType } from '../devices/device.ts';
import type { Handlers } from './router.ts';
import type { Sight } from './sight.ts';

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
  readonly config: ServerConfig;
  readonly network: () => { readonly addresses: readonly string[]; readonly fingerprint: string };
  /** The tables of keys, by what they configure. */
  readonly keys: Readonly<Record<string, readonly ConfigKey[]>>;
  readonly deviceTypes: readonly DeviceType[];
  /** Those that exist for the caller. */
  readonly countInstances: (sight: Sight) => Promise<{ all: number; running: number }>;
  /** Begins to stop all instances and then the server. */
  readonly shutdown: (timeoutSeconds: number) => void;
}

const maxShutdownTimeoutSeconds = 86_400;

export function serverService(deps: ServerServiceDeps): Handlers<ServerServiceHandlers> {
  const { facts, config, countInstances, shutdown } = deps;
  return {
    GetServer: async (call) => {
      const network = deps.network();
      const { all, running } = await countInstances(call.identity.sight);
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
          addresses: [...network.addresses],
          certificateFingerprint: network.fingerprint,
        },
      };
    },
    GetServerConfig: async () => await config.get(),
    UpdateServerConfig: async (_call, request) => await config.update(request.config, request.etag),
    ListConfigKeys: async (_call, { kind }) => {
      const table = Object.hasOwn(deps.keys, kind) ? deps.keys[kind] : undefined;
      if (table === undefined) {
        const kinds = Object.keys(deps.keys);
        throw new Fault('invalid', `There are no keys of "${kind.slice(0, 80)}"${suggestion(kind, kinds)}`);
      }
      return {
        keys: table.map(({ key, type, default: defaultValue, live, doc }) => ({ key, type, defaultValue, live, doc })),
      };
    },
    ListDeviceTypes: async () => ({ types: deps.deviceTypes.map(encodeDeviceType) }),
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

function encodeDeviceType({ type, doc, options }: DeviceType) {
  const encoded = Object.entries(options).map(([name, option]) => ({
    ...{ name, required: option.required, doc: option.doc },
    defaultValue: option.default ?? '',
  }));
  return { type, doc, options: encoded };
}
