import type { Instance__Output } from '../../proto/gen/yurt/v1/Instance.ts';
import { UsageError } from '../arguments/usage-error.ts';
import { ownValue } from '../config/subject.ts';
import type { Cell } from '../output/table.ts';
import { byteSize, dateOf, minuteOf } from '../output/units.ts';
import { instanceColumnNames } from './column-names.ts';
import { statusWord } from './record.ts';

/** What the server has to read for a column. */
export type Need = 'config' | 'run' | 'network' | 'resources' | 'disk';

export interface Column {
  readonly title: string;
  /** What it shows besides the record. */
  readonly needs?: Need;
  /** The key of the configuration that it shows. */
  readonly configKey?: string;
  readonly cell: (instance: Instance__Output) => Cell;
}

type Letter = keyof typeof instanceColumnNames;

/**
 * `ns4,limits.memory:LIMIT:10,devices:root.pool`: letters, and keys of the expanded configuration or devices as
 * `[config:|devices:]key[:title][:width]`, separated by commas. A part with a dot or colon in it is a key.
 */
export function parseColumns(text: string): Column[] {
  const columns: Column[] = [];
  for (const part of text.split(',')) {
    if (/[.:]/.test(part)) columns.push(keyColumn(part));
    else for (const letter of part) columns.push(letterColumn(letter, text));
  }
  if (columns.length === 0) throw new UsageError('Empty column list');
  return columns;
}

function letterColumn(letter: string, text: string): Column {
  if (!Object.hasOwn(cells, letter)) throw new UsageError(`Unknown column shorthand char '${letter}' in '${text}'`);
  const known = letter as Letter; // checked above
  const need = needs[known];
  return { title: instanceColumnNames[known], cell: cells[known], ...(need === undefined ? {} : { needs: need }) };
}

const needs: Readonly<Partial<Record<Letter, Need>>> = {
  ...{ 4: 'network', 6: 'network', b: 'config', p: 'run', D: 'disk' },
  ...{ m: 'resources', M: 'resources', N: 'resources', u: 'resources' },
};

const cells: Readonly<Record<Letter, Column['cell']>> = {
  n: ({ name }) => name,
  s: ({ status }) => statusWord(status).toUpperCase(),
  4: (instance) => addresses(instance, 'inet'),
  6: (instance) => addresses(instance, 'inet6'),
  t: ({ ephemeral }) => (ephemeral ? 'CONTAINER (EPHEMERAL)' : 'CONTAINER'),
  S: ({ snapshotCount }) => String(snapshotCount),
  a: ({ architecture }) => architecture,
  b: ({ expandedDevices }) => rootPool(expandedDevices),
  c: ({ createdAt }) => minuteOf(dateOf(createdAt)),
  d: ({ description }) => description,
  D: ({ diskUsageBytes }) => (diskUsageBytes === 0 ? '' : byteSize(diskUsageBytes)),
  e: ({ project }) => project,
  f: ({ imageFingerprint }) => imageFingerprint.slice(0, 12),
  F: ({ imageFingerprint }) => imageFingerprint,
  l: ({ lastUsedAt }) => minuteOf(dateOf(lastUsedAt)),
  m: ({ state }) => (state === null || state.memoryUsageBytes === 0 ? '' : byteSize(state.memoryUsageBytes)),
  M: ({ state }) =>
    state === null || state.memoryLimitBytes === 0
      ? ''
      : `${((state.memoryUsageBytes / state.memoryLimitBytes) * 100).toFixed(1)}%`,
  N: ({ state }) => (state === null ? '' : String(state.processCount)),
  p: ({ state }) => (state === null || state.pid === 0 ? '' : String(state.pid)),
  P: ({ profiles }) => profiles,
  u: ({ state }) => (state === null ? '' : `${Math.floor(state.cpuUsageNanoseconds / 1e9)}s`),
};

/** Addresses that others can reach, a line each: `10.0.0.2 (eth0)`. */
function addresses({ state }: Instance__Output, family: string): string[] {
  return (state?.network ?? []).flatMap(({ name, addresses: all }) =>
    all.filter((one) => one.family === family && one.scope === 'global').map(({ address }) => `${address} (${name})`),
  );
}

function rootPool(devices: Instance__Output['expandedDevices']): string {
  const root = Object.values(devices).find(({ options }) => options['type'] === 'disk' && options['path'] === '/');
  return root?.options['pool'] ?? '';
}

function keyColumn(part: string): Column {
  const fields = part.split(':');
  const space = fields[0] === 'config' || fields[0] === 'devices' ? fields.shift() : 'config';
  const [key = '', title = '', width = ''] = fields;
  const limit = width === '' ? undefined : Number(width);
  if (key === '' || fields.length > 3 || (limit !== undefined && !(Number.isInteger(limit) && limit >= 0))) {
    throw new UsageError(`Invalid column "${part}": it reads [config:|devices:]key[:title][:width]`);
  }
  const [device = '', ...option] = key.split('.');
  const cut = (value: string | undefined) =>
    limit === undefined ? (value ?? '') : [...(value ?? '')].slice(0, limit).join('');
  return {
    title: title === '' ? key : title,
    needs: 'config',
    ...(space === 'devices' ? {} : { configKey: key }),
    cell:
      space === 'devices'
        ? ({ expandedDevices }) => cut(ownValue(ownValue(expandedDevices, device)?.options ?? {}, option.join('.')))
        : ({ expandedConfig }) => cut(ownValue(expandedConfig, key)),
  };
}
