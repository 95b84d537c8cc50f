import { deviceOptions } from '../../instances/device-options.ts';
import { asking } from '../keys/command.ts';
import type { State } from '../state/state.ts';
import { keyChoices, wrongSetting } from './config-keys.ts';
import { type Field, type Form, type FormSpec, newForm, textIn } from './form.ts';
import { imagesFor, managedNetworks, offerOf } from './offered.ts';
import { pairsIn, shellWord, wordsOf } from './words.ts';

export interface LaunchRequest {
  readonly image: string;
  readonly name: string;
  /** Empty: the default ones. */
  readonly profiles: readonly string[];
  readonly config: Readonly<Record<string, string>>;
  /** As `--device` has them: `data,type=disk,source=/srv`. */
  readonly devices: readonly string[];
  /** Empty: what the profiles say. */
  readonly network: string;
  readonly pool: string;
  /** The server to launch it on; empty: the present one. */
  readonly remote: string;
  readonly ephemeral: boolean;
  readonly start: boolean;
}

/** Keys of the configuration that have a field of their own. */
const limits = { cpu: 'limits.cpu', memory: 'limits.memory' } as const;

export function launchForm(image = ''): Form {
  return newForm('launch', 'image', { texts: { image }, switches: { start: true } });
}

/** The form that asks for this. */
export function launchFormOf({ config, profiles, devices, ephemeral, start, ...request }: LaunchRequest): Form {
  const { [limits.cpu]: cpu = '', [limits.memory]: memory = '', ...others } = config;
  const pairs = Object.entries(others).map(([key, value]) => quoted(`${key}=${value}`));
  const lists = { profiles: profiles.join(','), config: pairs.join(' '), devices: devices.map(quoted).join(' ') };
  return newForm('launch', 'image', {
    ...{ texts: { ...request, cpu, memory, ...lists }, switches: { ephemeral, start } },
  });
}

export const launchSpec: FormSpec = {
  title: () => 'Launch an instance',
  button: ({ switches }) => (switches['start'] === true ? 'Launch' : 'Create'),
  fields: (form, state) => [...basicFields(state, textIn(form, 'remote')), ...remoteFields(state)],
  command: (form) => {
    const request = requestOf(form);
    return 'error' in request ? '' : commandOf(request);
  },
  submit: (form, state) => {
    const request = requestOf(form, state);
    return 'error' in request ? request : asking(state, { kind: 'launch', request });
  },
};

/** What can be chosen is what there is on the server that it is launched on. */
function basicFields(state: State, remote: string): Field[] {
  const { data } = state;
  const offer = offerOf(state, remote);
  const networks = managedNetworks(offer?.networks ?? []);
  const profiles = [...new Set((offer?.profiles ?? []).map(({ name }) => name))];
  const pools = (offer?.pools ?? []).map(({ name }) => name);
  const ofProfiles = 'empty: what the profiles say';
  const ofImage = 'there, built from a recipe when it is not yet, or of another server: SERVER:IMAGE';
  return [
    text('image', 'Image', ofImage, { choices: imagesFor(state, remote), source: 'images' }),
    text('name', 'Name', 'empty: a random one'),
    text('profiles', 'Profiles', 'separated by commas; empty: default', {
      ...{ choices: profiles, separator: ',', source: 'profiles' },
    }),
    text('cpu', 'CPUs', 'limits.cpu: 2, or 0-3 for these; empty: all', { choices: ['1', '2', '4', '8'] }),
    text('memory', 'Memory', 'limits.memory: 512MiB, 50%; empty: all', { choices: ['512MiB', '1GiB', '2GiB', '4GiB'] }),
    text('config', 'Configuration', 'key=value key="two words"', {
      choices: keyChoices(data).map((key) => `${key}=`),
      separator: ' ',
    }),
    text('devices', 'Devices', 'NAME,key=value,… as for --device; spaces between several'),
    text('network', 'Network', ofProfiles, { choices: networks, source: 'networks' }),
    text('pool', 'Storage pool', ofProfiles, { choices: pools, source: 'storage' }),
    { id: 'ephemeral', label: 'Ephemeral', hint: 'deleted when it stops', kind: 'switch' },
    { id: 'start', label: 'Start it', hint: '', kind: 'switch' },
  ];
}

function remoteFields({ others, remote }: State): Field[] {
  if (others.size === 0) return [];
  return [text('remote', 'Server', `empty: ${remote}`, { choices: [remote, ...others.keys()] })];
}

function text(id: string, label: string, hint: string, more: Partial<Field> = {}): Field {
  return { id, label, hint, kind: 'text', ...more };
}

/** What the form asks for, or what is wrong with it. */
function requestOf(form: Form, state?: State): LaunchRequest | { readonly error: string } {
  const image = textIn(form, 'image');
  if (image === '') return { error: 'An image is needed: tab shows what there is' };
  const others = pairsIn(wordsOf(textIn(form, 'config')));
  if ('error' in others) return others;
  const [cpu, memory] = [textIn(form, 'cpu'), textIn(form, 'memory')];
  const config = {
    ...others.pairs,
    ...(cpu === '' ? {} : { [limits.cpu]: cpu }),
    ...(memory === '' ? {} : { [limits.memory]: memory }),
  };
  const devices = wordsOf(textIn(form, 'devices'));
  const wrong = wrongDevices(devices) ?? (state === undefined ? undefined : wrongConfig(state, config));
  if (wrong !== undefined) return { error: wrong };
  const remote = textIn(form, 'remote');
  return {
    ...{ image, name: textIn(form, 'name'), profiles: profilesIn(form), config, devices },
    ...{ network: textIn(form, 'network'), pool: textIn(form, 'pool') },
    remote: remote === state?.remote ? '' : remote,
    ...{ ephemeral: form.switches['ephemeral'] === true, start: form.switches['start'] === true },
  };
}

function profilesIn(form: Form): string[] {
  return textIn(form, 'profiles')
    .split(/[\s,]+/)
    .filter(Boolean);
}

function wrongDevices(devices: readonly string[]): string | undefined {
  try {
    deviceOptions(devices);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function wrongConfig({ data }: State, config: Readonly<Record<string, string>>): string | undefined {
  for (const [key, value] of Object.entries(config)) {
    const wrong = wrongSetting(data, key, value);
    if (wrong !== undefined) return wrong;
  }
  return undefined;
}

/** The command that does the same. */
function commandOf({ image, name, remote, start, ephemeral, ...request }: LaunchRequest): string {
  const words = ['yurt', start ? 'launch' : 'init', image];
  if (name !== '' || remote !== '') words.push(remote === '' ? name : `${remote}:${name}`);
  for (const profile of request.profiles) words.push('-p', profile);
  for (const [key, value] of Object.entries(request.config)) words.push('-c', `${key}=${value}`);
  for (const device of request.devices) words.push('-d', device);
  if (request.network !== '') words.push('-n', request.network);
  if (request.pool !== '') words.push('-s', request.pool);
  if (ephemeral) words.push('-e');
  return words.map(shellWord).join(' ');
}

function quoted(word: string): string {
  return word.includes(' ') ? `"${word}"` : word;
}
