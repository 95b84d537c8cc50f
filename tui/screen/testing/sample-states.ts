import type { Event, Event__Output } from '../../../proto/gen/yurt/v1/Event.ts';
import type { Group, Group__Output } from '../../../proto/gen/yurt/v1/Group.ts';
import type { Image, Image__Output } from '../../../proto/gen/yurt/v1/Image.ts';
import type { Instance__Output } from '../../../proto/gen/yurt/v1/Instance.ts';
import type { Network, Network__Output } from '../../../proto/gen/yurt/v1/Network.ts';
import type { Operation, Operation__Output } from '../../../proto/gen/yurt/v1/Operation.ts';
import type { Profile, Profile__Output } from '../../../proto/gen/yurt/v1/Profile.ts';
import type { Project, Project__Output } from '../../../proto/gen/yurt/v1/Project.ts';
import type { ProjectResource, ProjectResource__Output } from '../../../proto/gen/yurt/v1/ProjectResource.ts';
import type { Server, Server__Output } from '../../../proto/gen/yurt/v1/Server.ts';
import type { StoragePool, StoragePool__Output } from '../../../proto/gen/yurt/v1/StoragePool.ts';
import type { TrustedClient, TrustedClient__Output } from '../../../proto/gen/yurt/v1/TrustedClient.ts';
import type { TrustToken, TrustToken__Output } from '../../../proto/gen/yurt/v1/TrustToken.ts';
import { initialState } from '../state/initial.ts';
import { keyOf } from '../state/instance-rows.ts';
import type { Size, State } from '../state/state.ts';
import { trustRows } from '../state/trust-rows.ts';
import { update } from '../state/update.ts';
import { complete } from './complete.ts';
import { type Sample, sampleInstance } from './sample-instance.ts';
import { configKeys, deviceTypes } from './sample-tables.ts';

/** When all samples are looked at: 2026-03-04 12:00 UTC. */
export const sampleNow = Date.UTC(2026, 2, 4, 12, 0, 0);

const samples: readonly Sample[] = [
  { name: 'web1', status: 'RUNNING', address: 21, memoryMiB: 312, limitMiB: 1024, cpu: 0.34, hours: 74 },
  { name: 'web2', status: 'RUNNING', address: 22, memoryMiB: 287, limitMiB: 1024, cpu: 0.11, hours: 74 },
  { name: 'web10', status: 'RUNNING', address: 23, memoryMiB: 995, limitMiB: 1024, cpu: 0.97, hours: 5 },
  { name: 'db', status: 'RUNNING', address: 24, memoryMiB: 2310, limitMiB: 4096, cpu: 0.52, hours: 310 },
  { name: 'cache', status: 'FROZEN', address: 25, memoryMiB: 64, limitMiB: 256, cpu: 0, hours: 310 },
  { name: 'build', status: 'STOPPED' },
  { name: 'old-wiki', status: 'STOPPED' },
];

/** A state as it is after a server with a few of everything was looked at for half a minute. */
export function sampleState(size: Size): State {
  let state = initialState({ size, now: sampleNow, zone: 0, theme: 'dark', project: '', remote: 'local' });
  const apply = (action: Parameters<typeof update>[1]) => {
    state = update(state, action).state;
  };
  apply({ type: 'link', link: { kind: 'connected' } });
  for (let second = 0; second <= 30; second += 2) {
    const instances = samples.map((sample) => sampleInstance(sample, sampleNow, second));
    apply({ type: 'instances-listed', instances, now: sampleNow + second * 1000 });
  }
  apply({ type: 'tick', now: sampleNow + 30_000 });
  apply({
    type: 'listed',
    screen: 'images',
    listed: { images: byKey(images, ({ fingerprint }) => fingerprint), recipes },
  });
  apply({ type: 'listed', screen: 'profiles', listed: { profiles: byKey(profiles, keyOf) } });
  apply({ type: 'listed', screen: 'networks', listed: { networks: byKey(networks, keyOf) } });
  apply({ type: 'listed', screen: 'storage', listed: { storage: byKey(pools, ({ name }) => name) } });
  apply({ type: 'listed', screen: 'projects', listed: { projects: byKey(projects, ({ name }) => name), usage } });
  apply({ type: 'operations-listed', operations });
  apply({ type: 'listed', screen: 'trust', listed: { trust: trustRows({ clients, tokens, groups }) } });
  apply({ type: 'listed', screen: 'server', listed: { server, serverConfig: { 'core.https_address': '[::]:8443' } } });
  apply({ type: 'tables-read', configKeys, deviceTypes });
  for (const event of events) apply({ type: 'event', event });
  return state;
}

/** The state after these keys: single ones, or `text:` and what is typed. */
export function typed(state: State, ...keys: readonly string[]): State {
  const presses = keys.flatMap((key) =>
    key.startsWith('text:')
      ? [...key.slice(5)].map((text) => ({ key: text === ' ' ? 'space' : text, text }))
      : [{ key, text: key.length === 1 ? key : '' }],
  );
  return presses.reduce((before, press) => update(before, { type: 'key', press }).state, state);
}

function byKey<Row>(rows: readonly Row[], key: (row: Row) => string): ReadonlyMap<string, Row> {
  return new Map(rows.map((row) => [key(row), row]));
}

function allOf<Input extends object, Output>(type: string, messages: readonly Input[]): Output[] {
  return messages.map((message) => complete<Output>(type, message));
}

const secondsAgo = (seconds: number) => ({ seconds: (sampleNow - seconds * 1000) / 1000, nanos: 0 });

const imageSamples: readonly Image[] = [
  ['debian/12', 'Debian 12 (bookworm)', 'debian', 91_700_000],
  ['debian/13', 'Debian 13 (trixie)', 'debian', 96_200_000],
  ['tiny', 'A small system with BusyBox', 'tiny', 2_100_000],
].map(([name, description, recipe, size], index) => ({
  fingerprint: `${index}f3a9c17d2b4e860`.repeat(4),
  project: 'default',
  aliases: [{ name: String(name), description: '' }],
  architecture: 'x86_64',
  sizeBytes: Number(size),
  createdAt: secondsAgo(86_400 * (index + 2)),
  lastUsedAt: null,
  properties: { description: String(description) },
  recipe: String(recipe),
}));
const images = imageSamples.map((one) => complete<Image__Output>('Image', one));

const recipes = [
  { name: 'debian', description: 'Debian', images: ['debian/12', 'debian/13'] },
  { name: 'tiny', description: 'BusyBox', images: ['tiny'] },
];

const root = { options: { type: 'disk', path: '/', pool: 'default' } };
const eth0 = { options: { type: 'nic', name: 'eth0', network: 'yurtbr0' } };

const profiles = allOf<Profile, Profile__Output>('Profile', [
  {
    ...{ name: 'default', project: 'default', description: 'What every instance needs', config: {} },
    ...{
      devices: { root, eth0 },
      etag: '',
      usedBy: ['web1', 'web2', 'web10', 'db', 'cache', 'build', 'old-wiki'].map((name) => `instance/${name}`),
    },
  },
  {
    ...{ name: 'small', project: 'default', description: 'One processor, little memory', devices: {} },
    ...{ config: { 'limits.cpu': '1', 'limits.memory': '256MiB' }, etag: '', usedBy: ['instance/cache'] },
  },
]);

const networks = allOf<Network, Network__Output>('Network', [
  {
    ...{ name: 'yurtbr0', project: 'default', type: 'bridge', managed: true, description: 'The default network' },
    config: { 'ipv4.address': '10.83.19.1/24', 'ipv6.address': 'fd42:9d1:77a0::1/64' },
    ...{ status: 'created', statusDetail: '', etag: '', usedBy: ['profile/default'] },
  },
  {
    ...{ name: 'enp1s0', project: 'default', type: 'physical', managed: false, description: '' },
    ...{ config: {}, status: 'created', statusDetail: '', etag: '', usedBy: [] },
  },
]);

const pools = allOf<StoragePool, StoragePool__Output>('StoragePool', [
  {
    ...{ name: 'default', driver: 'overlay', description: '', config: {}, status: 'created', statusDetail: '' },
    ...{ etag: '', usedBy: ['profile/default'], usedBytes: 8_400_000_000, totalBytes: 52_000_000_000 },
  },
]);

const projects = allOf<Project, Project__Output>('Project', [
  { name: 'default', description: 'The default project', usedBy: samples.map(({ name }) => `instance/${name}`) },
  { name: 'lab', config: { 'features.images': 'false', 'limits.instances': '10' }, usedBy: [] },
]);

const usage = {
  project: 'lab',
  resources: allOf<ProjectResource, ProjectResource__Output>('ProjectResource', [
    { name: 'instances', unit: '', limited: true, limit: 10, used: 3 },
    { name: 'memory', unit: 'bytes', limited: false, limit: 0, used: 1_610_612_736 },
  ]),
};

const operations = allOf<Operation, Operation__Output>('Operation', [
  {
    ...{ id: '5b1c0a2e-0000-4000-8000-000000000001', kind: 'image.build', description: 'Building the image debian/13' },
    ...{ status: 'OPERATION_STATUS_RUNNING', cancelable: true, resources: [], project: 'default' },
    progress: { stage: 'Unpacking packages', done: 62, total: 100, unit: 'percent' },
    ...{ createdAt: secondsAgo(48), updatedAt: secondsAgo(1), fault: null, result: null },
  },
  {
    ...{ id: '9e44d713-0000-4000-8000-000000000002', kind: 'instance.start', description: 'Starting web10' },
    ...{ status: 'OPERATION_STATUS_SUCCEEDED', cancelable: false, resources: ['instance/web10'], project: 'default' },
    ...{ progress: null, createdAt: secondsAgo(600), updatedAt: secondsAgo(599), fault: null, result: null },
  },
]);

const eventSamples: readonly Event[] = [
  ['instance-started', 'instance/web10', {}],
  ['instance-ready', 'instance/web10', { state: 'running' }],
  ['instance-paused', 'instance/cache', {}],
  ['instance-stopped', 'instance/build', {}],
].map(([action, source, context], index) => ({
  cursor: `2c9f1b7a-${index + 1}`,
  time: secondsAgo(600 - index * 100),
  project: 'default',
  lifecycle: { action: String(action), source: String(source), context: context as Record<string, string> }, // as above
}));
const events = eventSamples.map((one) => complete<Event__Output>('Event', one));

const server = complete<Server__Output>('Server', {
  ...{ name: 'host1', version: '0.1.0', kernelVersion: '6.18.5', architecture: 'x86_64', cgroupLayout: 'unified' },
  ...{ runtime: 'crun', runtimeVersion: '1.21', conmonVersion: '2.1.12', nodeVersion: '26.10.0', pid: 812 },
  ...{ stateDirectory: '/var/lib/yurt', instanceCount: 7, runningInstanceCount: 5 },
  ...{ addresses: [], certificateFingerprint: '' },
  features: [
    { name: 'idmapped-mounts', present: true, detail: '' },
    { name: 'apparmor', present: false, detail: 'The kernel was built without it' },
  ],
} satisfies Server);

const clients = allOf<TrustedClient, TrustedClient__Output>('TrustedClient', [
  {
    ...{ name: 'laptop', fingerprint: '5f1c9a0b7d3e2486'.repeat(4), type: 'client', restricted: false, projects: [] },
    ...{ createdAt: secondsAgo(86_400 * 90), expiresAt: null, certificate: '', etag: '' },
  },
  {
    ...{
      name: 'ci',
      fingerprint: 'a83b1f60c2d94e57'.repeat(4),
      type: 'client',
      restricted: true,
      projects: ['lab'],
      groups: ['builders'],
    },
    ...{ createdAt: secondsAgo(86_400 * 9), expiresAt: secondsAgo(-86_400 * 21), certificate: '', etag: '' },
  },
]);

const groups = allOf<Group, Group__Output>('Group', [
  {
    ...{ name: 'builders', description: 'Who builds images', identities: ['ci'], etag: '' },
    permissions: [{ entityType: 'project', entity: 'lab', project: '', entitlement: 'operator' }],
  },
]);

const tokens = allOf<TrustToken, TrustToken__Output>('TrustToken', [
  {
    rights: { name: 'desktop', restricted: false, projects: [], expiresAt: null },
    ...{ createdAt: secondsAgo(600), expiresAt: secondsAgo(-3000) },
  },
]);

/** All of the instances of the sample. */
export function sampleInstances(): Instance__Output[] {
  return samples.map((sample) => sampleInstance(sample, sampleNow, 0));
}
