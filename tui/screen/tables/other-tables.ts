import type { Event__Output } from '../../../proto/gen/yurt/v1/Event.ts';
import type { Image__Output } from '../../../proto/gen/yurt/v1/Image.ts';
import type { Network__Output } from '../../../proto/gen/yurt/v1/Network.ts';
import type { Operation__Output } from '../../../proto/gen/yurt/v1/Operation.ts';
import type { Profile__Output } from '../../../proto/gen/yurt/v1/Profile.ts';
import type { Project__Output } from '../../../proto/gen/yurt/v1/Project.ts';
import type { ProjectResource__Output } from '../../../proto/gen/yurt/v1/ProjectResource.ts';
import type { StoragePool__Output } from '../../../proto/gen/yurt/v1/StoragePool.ts';
import { eventRecord } from '../../events/record.ts';
import { descriptionOf, imageRecord } from '../../images/listing.ts';
import { operationRecord, operationStatus } from '../../operations/record.ts';
import { dateOf, durationOf, minuteOf } from '../../output/units.ts';
import { profileRecord } from '../../profiles/record.ts';
import { projectRecord } from '../../projects/record.ts';
import type { Role } from '../frame/theme.ts';
import type { EventRow, OperationRow } from '../state/event-update.ts';
import type { Clock, Perspective } from '../state/state.ts';
import { clockTime } from './clock-time.ts';
import { shortSize } from './short-size.ts';
import { defineTable, wordFilter } from './table.ts';

export const imagesTable = defineTable<Image__Output>({
  title: 'Images',
  empty: 'No images yet',
  begin: { command: 'build-image', does: 'builds one from a recipe; so does launching from it' },
  columns: [
    { id: 'alias', title: 'ALIAS', width: 22, most: 40, rank: 0, text: aliasOf },
    {
      id: 'fingerprint',
      title: 'FINGERPRINT',
      width: 12,
      rank: 3,
      text: ({ fingerprint }) => fingerprint.slice(0, 12),
    },
    {
      ...{ id: 'size', title: 'SIZE', width: 7, align: 'right', rank: 1 },
      text: ({ sizeBytes }) => shortSize(Number(sizeBytes)),
      value: ({ sizeBytes }) => Number(sizeBytes),
    },
    {
      ...{ id: 'created', title: 'CREATED', width: 20, rank: 2 },
      text: ({ createdAt }) => minuteOf(dateOf(createdAt)),
      value: ({ createdAt }) => dateOf(createdAt)?.getTime() ?? 0,
    },
    { id: 'recipe', title: 'RECIPE', width: 12, rank: 5, text: ({ recipe }) => recipe },
    { id: 'description', title: 'DESCRIPTION', width: 10, most: 80, rank: 4, text: descriptionOf },
    { id: 'arch', title: 'ARCH', width: 8, rank: 6, text: ({ architecture }) => architecture },
  ],
  rows: ({ images }) => images,
  filter: wordFilter((image) => [aliasOf(image), image.fingerprint, descriptionOf(image), image.recipe]),
  record: imageRecord,
});

function aliasOf({ aliases }: Image__Output): string {
  return aliases.map(({ name }) => name).join(', ');
}

export const profilesTable = defineTable<Profile__Output>({
  title: 'Profiles',
  empty: 'No profiles',
  begin: { command: 'new-profile', does: 'creates one' },
  columns: [
    { id: 'name', title: 'NAME', width: 18, most: 40, rank: 0, text: ({ name }) => name },
    {
      ...{ id: 'used', title: 'USED BY', width: 8, align: 'right', rank: 1 },
      text: ({ usedBy }) => String(usedBy.length),
      value: ({ usedBy }) => usedBy.length,
    },
    {
      id: 'devices',
      title: 'DEVICES',
      width: 18,
      most: 40,
      rank: 2,
      text: ({ devices }) => Object.keys(devices).join(', '),
    },
    { id: 'config', title: 'CONFIG', width: 12, most: 60, rank: 4, text: ({ config }) => pairs(config) },
    { id: 'description', title: 'DESCRIPTION', width: 14, most: 60, rank: 3, text: ({ description }) => description },
  ],
  rows: ({ profiles }) => profiles,
  filter: wordFilter(({ name, description, config }) => [name, description, pairs(config)]),
  record: profileRecord,
});

export const networksTable = defineTable<Network__Output>({
  title: 'Networks',
  empty: 'No networks',
  columns: [
    { id: 'name', title: 'NAME', width: 16, most: 30, rank: 0, text: ({ name }) => name },
    { id: 'type', title: 'TYPE', width: 10, rank: 1, text: ({ type }) => type },
    { id: 'managed', title: 'MANAGED', width: 7, rank: 4, text: ({ managed }) => (managed ? 'yes' : 'no') },
    { id: 'ipv4', title: 'IPV4', width: 18, rank: 2, text: ({ config }) => config['ipv4.address'] ?? '' },
    { id: 'ipv6', title: 'IPV6', width: 26, rank: 6, text: ({ config }) => config['ipv6.address'] ?? '' },
    {
      ...{ id: 'used', title: 'USED BY', width: 8, align: 'right', rank: 5 },
      text: ({ usedBy }) => String(usedBy.length),
      value: ({ usedBy }) => usedBy.length,
    },
    {
      id: 'state',
      title: 'STATE',
      width: 12,
      rank: 3,
      text: ({ status }) => status,
      role: ({ status }) => statusRole(status),
    },
    { id: 'description', title: 'DESCRIPTION', width: 14, most: 60, rank: 7, text: ({ description }) => description },
  ],
  rows: ({ networks }) => networks,
  filter: wordFilter(({ name, type, description, config }) => [name, type, description, pairs(config)]),
  record: ({ project, name, type, managed, description, config, status, statusDetail, usedBy }) => ({
    ...{ name, project, type, managed, description, config, status, status_detail: statusDetail, used_by: usedBy },
  }),
});

export const storageTable = defineTable<StoragePool__Output>({
  title: 'Storage',
  empty: 'No storage pools',
  columns: [
    { id: 'name', title: 'NAME', width: 16, most: 30, rank: 0, text: ({ name }) => name },
    { id: 'driver', title: 'DRIVER', width: 10, rank: 1, text: ({ driver }) => driver },
    {
      ...{ id: 'space', title: 'SPACE', width: 16, align: 'right', rank: 2, text: spaceOf },
      value: ({ usedBytes }) => Number(usedBytes),
    },
    {
      ...{ id: 'used', title: 'USED BY', width: 8, align: 'right', rank: 4 },
      text: ({ usedBy }) => String(usedBy.length),
      value: ({ usedBy }) => usedBy.length,
    },
    {
      id: 'state',
      title: 'STATE',
      width: 12,
      rank: 3,
      text: ({ status }) => status,
      role: ({ status }) => statusRole(status),
    },
    { id: 'description', title: 'DESCRIPTION', width: 14, most: 60, rank: 5, text: ({ description }) => description },
  ],
  rows: ({ storage }) => storage,
  filter: wordFilter(({ name, driver, description }) => [name, driver, description]),
  record: ({ usedBy, usedBytes, totalBytes, statusDetail, ...pool }) => ({
    ...{
      name: pool.name,
      driver: pool.driver,
      description: pool.description,
      config: pool.config,
      status: pool.status,
    },
    ...{ status_detail: statusDetail, used_by: usedBy, used_bytes: usedBytes, total_bytes: totalBytes },
  }),
});

function spaceOf({ usedBytes, totalBytes }: StoragePool__Output): string {
  const total = Number(totalBytes);
  return shortSize(Number(usedBytes)) + (total === 0 ? '' : ` / ${shortSize(total)}`);
}

export const projectsTable = defineTable<Project__Output>({
  title: 'Projects',
  empty: 'No projects',
  columns: [
    { id: 'name', title: 'NAME', width: 18, most: 40, rank: 0, text: ({ name }) => name },
    {
      ...{ id: 'instances', title: 'INSTANCES', width: 9, align: 'right', rank: 1, text: instancesIn },
      value: (project) => Number(instancesIn(project)),
    },
    { id: 'config', title: 'CONFIG', width: 30, most: 90, rank: 3, text: ({ config }) => pairs(config) },
    { id: 'description', title: 'DESCRIPTION', width: 16, most: 60, rank: 2, text: ({ description }) => description },
  ],
  rows: ({ projects }) => projects,
  filter: wordFilter(({ name, description, config }) => [name, description, pairs(config)]),
  record: (project, { usage }) =>
    usage?.project === project.name
      ? { ...projectRecord(project), usage: usageOf(usage.resources) }
      : projectRecord(project),
});

/** What is used of each resource, and of how much: `memory: 1.5G of 4.0G`. */
function usageOf(resources: readonly ProjectResource__Output[]): Record<string, string> {
  const amount = (unit: string, value: number) => (unit === 'bytes' ? shortSize(Number(value)) : String(value));
  return Object.fromEntries(
    resources.map(({ name, unit, limited, limit, used }) => [
      name,
      `${amount(unit, used)}${limited ? ` of ${amount(unit, limit)}` : ''}`,
    ]),
  );
}

function instancesIn({ usedBy }: Project__Output): string {
  return String(usedBy.filter((one) => one.startsWith('instance/')).length);
}

export const operationsTable = defineTable<OperationRow>({
  title: 'Operations',
  short: 'Ops',
  empty: 'Nothing is under way',
  columns: [
    {
      ...{ id: 'started', title: 'STARTED', width: 9, align: 'right', rank: 3 },
      text: ({ operation }, { now }) => ageOf(operation.createdAt, now),
      value: ({ operation }) => -(dateOf(operation.createdAt)?.getTime() ?? 0),
    },
    {
      ...{ id: 'state', title: 'STATE', width: 10, rank: 1 },
      text: ({ operation }) => operationStatus(operation),
      role: ({ operation }) => operationRole(operation),
    },
    {
      ...{ id: 'description', title: 'DESCRIPTION', width: 26, most: 60, rank: 0 },
      text: ({ operation }) => operation.description,
    },
    { id: 'remote', title: 'REMOTE', width: 10, rank: 1.5, ofRemotes: true, text: remoteOf },
    {
      ...{ id: 'progress', title: 'PROGRESS', width: 24, most: 50, rank: 2 },
      text: ({ operation }) => progressOf(operation),
    },
    { id: 'kind', title: 'KIND', width: 18, rank: 4, text: ({ operation }) => operation.kind },
    { id: 'id', title: 'ID', width: 8, rank: 5, text: ({ operation }) => operation.id.slice(0, 8) },
  ],
  rows: ({ operations }) => operations,
  filter: wordFilter(({ operation, remote }) => [
    ...[operation.description, operation.kind, operationStatus(operation), operation.id, remote],
  ]),
  record: ({ operation }) => operationRecord(operation),
});

/** What an operation is at; what went wrong, once it has failed. */
export function progressOf({ progress, fault }: Operation__Output): string {
  if (fault !== null) return fault.message;
  if (progress === null) return '';
  const [done, total] = [Number(progress.done), Number(progress.total)];
  if (progress.unit === 'percent') return `${progress.stage} ${done === 0 ? '' : `${Math.round(done)}%`}`.trim();
  const amount = (value: number) => (progress.unit === 'bytes' ? shortSize(value) : String(value));
  const shown = total === 0 ? (done === 0 ? '' : amount(done)) : `${amount(done)} of ${amount(total)}`;
  return `${progress.stage} ${shown}`.trim();
}

export function operationRole({ status }: Operation__Output): Role {
  if (status === 'OPERATION_STATUS_SUCCEEDED') return 'good';
  if (status === 'OPERATION_STATUS_FAILED') return 'bad';
  return status === 'OPERATION_STATUS_CANCELED' ? 'dim' : 'busy';
}

export const eventsTable = defineTable<EventRow>({
  title: 'Events',
  empty: 'Nothing has happened since this screen was opened',
  columns: [
    {
      ...{ id: 'time', title: 'TIME', width: 8, rank: 0, text: ({ event }, view) => timeOf(event, view) },
      value: ({ event }) => dateOf(event.time)?.getTime() ?? 0,
    },
    { id: 'action', title: 'ACTION', width: 22, rank: 1, text: ({ event }) => actionOf(event) },
    { id: 'source', title: 'SOURCE', width: 26, most: 50, rank: 2, text: ({ event }) => event.lifecycle?.source ?? '' },
    {
      id: 'context',
      title: 'CONTEXT',
      width: 18,
      most: 80,
      rank: 3,
      text: ({ event }) => pairs(event.lifecycle?.context ?? {}),
    },
    { id: 'project', title: 'PROJECT', width: 10, rank: 4, text: ({ event }) => event.project },
    {
      ...{ id: 'remote', title: 'REMOTE', width: 10, rank: 1.5, ofRemotes: true, text: remoteOf },
    },
  ],
  rows: ({ events }) => events,
  filter: wordFilter(({ event }) => [
    actionOf(event),
    event.lifecycle?.source ?? '',
    pairs(event.lifecycle?.context ?? {}),
  ]),
  record: ({ event }) => eventRecord(event),
});

function remoteOf({ remote }: { readonly remote: string }, view: Perspective): string {
  return remote || view.remote;
}

/** `15:04:05` in the zone of whoever looks. */
export function timeOf({ time }: Event__Output, clock: Clock): string {
  const date = dateOf(time);
  return date === undefined ? '' : clockTime(date.getTime(), clock);
}

export function actionOf({ lifecycle, logging }: Event__Output): string {
  return lifecycle?.action ?? (logging ? `log: ${logging.message}` : '');
}

function ageOf(time: Operation__Output['createdAt'], now: number): string {
  const date = dateOf(time);
  return date === undefined ? '' : `${durationOf(Math.max(0, (now - date.getTime()) / 1000)).split(' ')[0]} ago`;
}

function statusRole(status: string): Role {
  return status.toLowerCase() === 'created' ? 'good' : 'bad';
}

/** `a=1, b=2`. */
export function pairs(map: Readonly<Record<string, string>>): string {
  return Object.entries(map)
    .map(([key, value]) => `${key}=${value}`)
    .join(', ');
}
