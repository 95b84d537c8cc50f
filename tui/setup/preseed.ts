import { Failure } from '../client/failure.ts';
import type { Devices } from '../config/document.ts';

type Config = Readonly<Record<string, string>>;

/** A project, a network or a pool as a preseed has it. What it leaves out is absent. */
export interface Named {
  readonly name: string;
  readonly description?: string;
  readonly config: Config;
}

export interface PreseedNetwork extends Named {
  readonly type?: string;
}

export interface PreseedPool extends Named {
  readonly driver?: string;
}

export interface PreseedProfile extends Named {
  readonly project: string;
  readonly devices: Devices;
}

/** All that sets a server up, in one document. */
export interface Preseed {
  readonly config: Config;
  readonly networks: readonly PreseedNetwork[];
  readonly storagePools: readonly PreseedPool[];
  readonly projects: readonly Named[];
  readonly profiles: readonly PreseedProfile[];
}

/** More of anything is a mistake, or malice. */
const maxEntries = 1000;

/** Reads a preseed; a `Failure` says what is wrong with it. */
export async function parsePreseed(text: string): Promise<Preseed> {
  const { parse } = await import('yaml');
  let value: unknown;
  try {
    // All scalars are texts: a configuration has no other values, and `007` stays what it is.
    value = parse(text, { schema: 'failsafe', maxAliasCount: 0 });
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error);
    throw wrong(`is not YAML: ${reason}`);
  }
  const keys = ['config', 'networks', 'storage_pools', 'profiles', 'projects'];
  const { config, networks, storage_pools, profiles, projects } = fieldsOf(value ?? {}, 'The preseed', keys);
  return {
    config: textMap(config, '"config"'),
    networks: list(networks, 'network', ['type', 'project']).map(({ fields, named }) => {
      if (fields['project'] !== undefined && fields['project'] !== 'default') {
        throw wrong(`has network "${named.name}" in a project: networks belong to all of them`);
      }
      return { ...named, ...optional('type', fields['type'], named.name) };
    }),
    storagePools: list(storage_pools, 'storage pool', ['driver']).map(({ fields, named }) => ({
      ...named,
      ...optional('driver', fields['driver'], named.name),
    })),
    projects: list(projects, 'project', []).map(({ named }) => named),
    profiles: list(profiles, 'profile', ['project', 'devices']).map(({ fields, named }) => ({
      ...named,
      project: optional('project', fields['project'], named.name).project ?? 'default',
      devices: devicesOf(fields['devices'], named.name),
    })),
  };
}

/** The preseed as YAML that `parsePreseed` reads. */
export function preseedRecord({
  config,
  networks,
  storagePools,
  projects,
  profiles,
}: Preseed): Record<string, unknown> {
  return { config, networks, storage_pools: storagePools, profiles, projects };
}

type Fields = Readonly<Record<string, unknown>>;

interface Entry {
  readonly fields: Fields;
  readonly named: Named;
}

function list(value: unknown, kind: string, more: readonly string[]): Entry[] {
  if (value === undefined || value === '') return [];
  if (!Array.isArray(value)) throw wrong(`has something else than a list of ${kind}s`);
  if (value.length > maxEntries) throw wrong(`has more than ${maxEntries} ${kind}s`);
  const entries = value.map((one: unknown, index) => {
    const fields = fieldsOf(one, `${kind} ${index + 1} of the preseed`, ['name', 'description', 'config', ...more]);
    const { name } = fields;
    if (typeof name !== 'string' || name === '') throw wrong(`has a ${kind} without a name`);
    const config = textMap(fields['config'], `"config" of ${kind} "${name}"`);
    return { fields, named: { name, ...optional('description', fields['description'], name), config } };
  });
  const ids = entries.map(({ fields, named }) => `${String(fields['project'] ?? '')}/${named.name}`);
  const twice = entries.find((_entry, index) => ids.indexOf(ids[index] ?? '') !== index);
  if (twice !== undefined) throw wrong(`has the ${kind} "${twice.named.name}" twice`);
  return entries;
}

function fieldsOf(value: unknown, what: string, known: readonly string[]): Fields {
  if (!isMap(value)) throw new Failure(`${what} is not a map of ${known.join(', ')}`);
  const unknown = Object.keys(value).find((key) => !known.includes(key));
  if (unknown !== undefined)
    throw new Failure(`${what} has the unknown key "${unknown}": it knows ${known.join(', ')}`);
  return value;
}

function optional<Key extends string>(key: Key, value: unknown, name: string): { readonly [Name in Key]?: string } {
  if (value === undefined) return {};
  if (typeof value !== 'string') throw wrong(`has "${name}" with a "${key}" that is not a text`);
  return { [key]: value } as { readonly [Name in Key]: string }; // a computed key widens
}

function devicesOf(value: unknown, profile: string): Devices {
  if (value === undefined || value === '') return {};
  if (!isMap(value)) throw wrong(`has profile "${profile}" with "devices" that are not a map`);
  const entries = Object.entries(value).map(([name, options]) => [
    name,
    textMap(options, `device "${name}" of profile "${profile}"`),
  ]);
  return Object.fromEntries(entries);
}

function textMap(value: unknown, what: string): Record<string, string> {
  if (value === undefined || value === '') return {};
  if (!isMap(value) || !Object.values(value).every((one) => typeof one === 'string')) {
    throw wrong(`has ${what} that is not a map of texts`);
  }
  return value as Record<string, string>; // checked above
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function wrong(problem: string): Failure {
  return new Failure(`The preseed ${problem}`);
}
