import { parseByteSize } from '../base/byte-size.ts';
import { Fault } from '../base/fault.ts';
import type { Devices } from '../devices/device.ts';

/** What an instance counts for. */
export interface Member {
  readonly name: string;
  readonly config: Readonly<Record<string, string>>;
  readonly devices: Devices;
}

/** A limit of a project with what its instances take of it. */
export interface Usage {
  /** Without `limits.`: `memory`, `disk.pool.fast`. */
  readonly resource: string;
  /** `bytes`, or '' for numbers. */
  readonly unit: 'bytes' | '';
  /** Undefined: no limit. */
  readonly limit: number | undefined;
  readonly used: number;
}

interface Resource {
  readonly unit: Usage['unit'];
  /** What one instance takes; undefined when it does not say. */
  readonly of: (member: Member) => number | undefined;
  /** What an instance must have set for the sum to mean anything. */
  readonly needs?: string;
}

const resources: Readonly<Record<string, Resource>> = {
  instances: { unit: '', of: () => 1 },
  containers: { unit: '', of: () => 1 },
  'virtual-machines': { unit: '', of: () => 0 },
  cpu: { unit: '', of: ({ config }) => wholeNumber(config['limits.cpu']), needs: 'limits.cpu as a number of CPUs' },
  memory: {
    unit: 'bytes',
    of: ({ config }) => parseByteSize(config['limits.memory'] ?? ''),
    needs: 'limits.memory as a size',
  },
  processes: { unit: '', of: ({ config }) => wholeNumber(config['limits.processes']), needs: 'limits.processes' },
  disk: { unit: 'bytes', of: ({ devices }) => rootSize(devices), needs: 'a size of its root disk' },
};
const poolPrefix = 'disk.pool.';

/** What a project's instances take of each limit; what is not limited has no `limit`, and counts who says. */
export function usageOf(config: Readonly<Record<string, string>>, members: readonly Member[]): Usage[] {
  const pools = Object.keys(config).filter((key) => key.startsWith(`limits.${poolPrefix}`));
  const names = [...Object.keys(resources), ...pools.map((key) => key.slice('limits.'.length))];
  return names.map((resource) => {
    const { unit, of } = resourceOf(resource);
    const used = members.reduce((sum, member) => sum + (of(member) ?? 0), 0);
    return { resource, unit, limit: limitOf(config, resource, unit), used };
  });
}

/**
 * Checks that the limits of a project hold for all of its instances, of which `changed` is the one that is to be new or
 * different, if any. Fault `exhausted` for one that is exceeded, `invalid` for an instance without what the sum needs.
 */
export function checkLimits(
  project: string,
  config: Readonly<Record<string, string>>,
  members: readonly Member[],
  changed?: string,
): void {
  for (const { resource, unit, limit, used } of usageOf(config, members)) {
    if (limit === undefined) continue;
    const { of, needs } = resourceOf(resource);
    const silent = members.find((member) => of(member) === undefined);
    const key = `limits.${resource}`;
    if (silent !== undefined) {
      throw new Fault('invalid', `Project "${project}" has ${key}: instance "${silent.name}" must have ${needs}`);
    }
    if (used <= limit) continue;
    const have = changed === undefined ? 'its instances have' : `with instance "${changed}" there would be`;
    throw new Fault(
      'exhausted',
      `The limit ${key}=${config[key]} of project "${project}" does not allow it: ${have} ${used}${unit === '' ? '' : ` ${unit}`}`,
    );
  }
}

function resourceOf(name: string): Resource {
  if (!name.startsWith(poolPrefix)) return resources[name] ?? { unit: '', of: () => 0 };
  const pool = name.slice(poolPrefix.length);
  return {
    unit: 'bytes',
    of: ({ devices }) => (rootOf(devices)?.['pool'] === pool ? rootSize(devices) : 0),
    needs: `a size of its root disk in pool "${pool}"`,
  };
}

function limitOf(config: Readonly<Record<string, string>>, resource: string, unit: Usage['unit']): number | undefined {
  const value = config[`limits.${resource}`];
  if (value === undefined || value === '') return undefined;
  return unit === 'bytes' ? parseByteSize(value) : Number(value);
}

function rootOf(devices: Devices) {
  return Object.values(devices).find((device) => device['type'] === 'disk' && device['path'] === '/');
}

function rootSize(devices: Devices): number | undefined {
  return parseByteSize(rootOf(devices)?.['size'] ?? '');
}

function wholeNumber(value: string | undefined): number | undefined {
  return value !== undefined && /^\d{1,15}$/.test(value) ? Number(value) : undefined;
}
