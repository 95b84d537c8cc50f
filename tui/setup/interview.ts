import { isIP } from 'node:net';
import type { Devices } from '../config/document.ts';
import type { Questions } from '../terminal/prompt.ts';
import type { Preseed } from './preseed.ts';
import type { ServerState } from './server-state.ts';

/** What is left to choose of a server that makes its pool and its bridge itself. */
export interface Choices {
  readonly pool: string;
  readonly network: string;
  /** Of `core.https_address`; empty: none. */
  readonly address: string;
}

const defaultPort = '8443';

/** What a server that is as `state` says has chosen already, or what it would do best to choose. */
export function presentChoices({ profiles, pools, networks, config }: ServerState): Choices {
  const { root, nic } = devicesOf(profiles.find(isDefault)?.devices ?? {});
  const known = (name: string | undefined, all: readonly { readonly name: string }[]) =>
    all.find((one) => one.name === name)?.name ?? all[0]?.name ?? '';
  return {
    pool: known(root?.[1]['pool'], pools),
    network: known(nic?.[1]['network'], networks),
    address: config['core.https_address'] ?? '',
  };
}

/** Asks for what is left to choose; `presets` are the answers that an empty line stands for. */
export async function interview(questions: Questions, state: ServerState, presets: Choices): Promise<Choices> {
  const oneOf = (all: readonly { readonly name: string }[]) => (answer: string) =>
    all.some(({ name }) => name === answer)
      ? undefined
      : `"${answer}" is none of ${all.map(({ name }) => name).join(', ')}`;
  const pool = await questions.answer('Storage pool of new instances', presets.pool, oneOf(state.pools));
  const network = await questions.answer('Network of new instances', presets.network, oneOf(state.networks));
  const question = 'Would you like the server to be available over the network?';
  if (!(await questions.confirm(question, presets.address !== ''))) return { pool, network, address: '' };
  const [host, port] = partsOf(presets.address);
  const chosen = await questions.answer('Address to bind to (not including port)', host, (answer) =>
    answer === 'all' || isIP(answer) !== 0 ? undefined : `"${answer}" is no IP address, and not "all"`,
  );
  const chosenPort = await questions.answer('Port to bind to', port, (answer) =>
    /^\d{1,5}$/.test(answer) && Number(answer) >= 1 && Number(answer) <= 65_535
      ? undefined
      : `"${answer}" is no port between 1 and 65535`,
  );
  return { pool, network, address: addressOf(chosen, chosenPort) };
}

/** `:8443`, `10.0.0.1:8443`, `[fd42::1]:8443`. */
export function addressOf(host: string, port: string): string {
  if (host === 'all') return `:${port}`;
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** The preseed that makes a server so, and leaves all else as it is. */
export function preseedFor({ pool, network, address }: Choices, { profiles }: ServerState): Preseed {
  const { root, nic } = devicesOf(profiles.find(isDefault)?.devices ?? {});
  const [rootName, rootOptions] = root ?? ['root', {}];
  const [nicName, nicOptions] = nic ?? ['eth0', { name: 'eth0' }];
  const devices: Devices = {
    ...(pool === '' ? {} : { [rootName]: { ...rootOptions, type: 'disk', path: '/', pool } }),
    ...(network === '' ? {} : { [nicName]: { ...nicOptions, type: 'nic', network } }),
  };
  return {
    ...{ config: { 'core.https_address': address }, networks: [], storagePools: [], projects: [] },
    profiles: [{ name: 'default', project: 'default', config: {}, devices }],
  };
}

function isDefault({ name, project }: { readonly name: string; readonly project: string }): boolean {
  return name === 'default' && project === 'default';
}

/** The devices that the choices are about, with their names. */
function devicesOf(devices: Devices) {
  const entries = Object.entries(devices);
  return {
    root: entries.find(([, { type, path }]) => type === 'disk' && path === '/'),
    nic: entries.find(([, { type, network }]) => type === 'nic' && network !== undefined),
  };
}

function partsOf(address: string): readonly [host: string, port: string] {
  const match = /^(?:\[(.*)\]|([^:]*))(?::(\d+))?$/.exec(address);
  const host = match?.[1] ?? match?.[2] ?? '';
  return [isIP(host) === 0 ? 'all' : host, match?.[3] ?? defaultPort];
}
