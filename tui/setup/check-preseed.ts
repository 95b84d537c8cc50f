import { Failure } from '../client/failure.ts';
import type { Preseed, PreseedNetwork, PreseedPool } from './preseed.ts';
import type { ServerState } from './server-state.ts';

/** A `Failure` for what a preseed has and a server cannot be made to have: before anything is changed. */
export function checkPreseed(preseed: Preseed, state: ServerState): void {
  for (const network of preseed.networks) checkNetwork(network, state);
  for (const pool of preseed.storagePools) checkPool(pool, state);
  const projects = [...state.projects, ...preseed.projects].map(({ name }) => name);
  const lost = preseed.profiles.find(({ project }) => !projects.includes(project));
  if (lost !== undefined) {
    throw new Failure(`The preseed has profile "${lost.name}" of project "${lost.project}", which does not exist`);
  }
}

/** Networks are there or not: yurt makes its bridge itself. */
function checkNetwork({ name, type, config }: PreseedNetwork, { networks }: ServerState): void {
  const present = networks.find((one) => one.name === name);
  if (present === undefined) throw missing(`network "${name}"`, networks);
  const wanted = { ...(type === undefined ? {} : { type }), ...config };
  refuseOther(`network "${name}"`, { type: present.type, ...present.config }, wanted);
}

function checkPool({ name, driver, config }: PreseedPool, { pools }: ServerState): void {
  const present = pools.find((one) => one.name === name);
  if (present === undefined) throw missing(`storage pool "${name}"`, pools);
  const wanted = { ...(driver === undefined ? {} : { driver }), ...config };
  refuseOther(`storage pool "${name}"`, { driver: present.driver, ...present.config }, wanted);
}

function missing(what: string, there: readonly { readonly name: string }[]): Failure {
  const names = there.map(({ name }) => `"${name}"`).join(', ');
  return new Failure(`The preseed has ${what}, which does not exist: this server has ${names === '' ? 'none' : names}`);
}

/** `auto` is whatever the server has chosen. */
function refuseOther(
  what: string,
  present: Readonly<Record<string, string>>,
  wanted: Readonly<Record<string, string>>,
): void {
  for (const [key, value] of Object.entries(wanted)) {
    const now = present[key] ?? '';
    if (now === value || (value === 'auto' && now !== '')) continue;
    const has = now === '' ? `no ${key}` : `${key}=${now}`;
    throw new Failure(
      `The preseed has ${what} with ${key}=${value}, but here it has ${has}, and init does not change that`,
    );
  }
}
