import type { ArgumentSpec, CommandSpec, OptionSpec } from './command.ts';

export const consoleOption: OptionSpec = {
  name: 'console',
  optionalValue: true,
  doc: 'Attach to the console at once',
  complete: ['console'],
};

/** What a new instance is to be. */
export const createOptions: readonly OptionSpec[] = [
  { name: 'config', short: 'c', value: 'KEY=VALUE', repeatable: true, doc: 'Configuration of the new instance' },
  {
    name: 'profile',
    short: 'p',
    value: 'PROFILE',
    repeatable: true,
    doc: 'Profile to use instead of "default"',
    complete: 'profiles',
  },
  { name: 'no-profiles', doc: 'Use no profile' },
  {
    name: 'device',
    short: 'd',
    value: 'DEVICE,KEY=VALUE',
    repeatable: true,
    doc: 'Device, or keys of a device that a profile brings',
  },
  { name: 'ephemeral', short: 'e', doc: 'Delete the instance when it stops' },
  { name: 'network', short: 'n', value: 'NETWORK', doc: 'Network of the device eth0', complete: 'networks' },
  { name: 'storage', short: 's', value: 'POOL', doc: 'Storage pool of the root disk', complete: 'pools' },
  { name: 'description', value: 'TEXT', doc: 'Description of the instance' },
];

/** How a server is to be set up. */
export const setupOptions: readonly OptionSpec[] = [
  { name: 'auto', doc: 'Set the server up without a question' },
  {
    name: 'network-address',
    value: 'ADDRESS',
    doc: 'With --auto: listen for clients on the network there (default all)',
  },
  { name: 'network-port', value: 'PORT', doc: 'With --auto: listen for clients on the network there (default 8443)' },
  { name: 'preseed', doc: 'Set the server up as a YAML document says, whole or not at all' },
  { name: 'dump', doc: 'Print the YAML document that sets another server up like this one' },
];

const createDetails = `The image is an alias or a fingerprint (or a unique beginning of one) of a local image. When it is not here and a recipe
of the server builds it, it is built first; on a terminal you are asked before. SERVER:IMAGE is copied from there first, unless
it is here.

Without a name the server picks one, which is printed.

A YAML document with config, devices, profiles, description and ephemeral may come on stdin: from a file, or from a pipe
that has data or its end ready when the command starts. A pipe that stays silent is left alone. Options win over it.`;

const setupDetails = `Sets the server up, or with the name of an image creates an instance, as "yurt create" does.

A server has a pool and a bridge as soon as it runs. What is left to choose is where new instances go, and whether clients
on the network are served: on a terminal you are asked, --auto takes what is usual.

--preseed takes a YAML document from stdin, or from a file that is named, with config, networks, storage_pools, projects and
profiles. What exists gets what is said of it, and keeps the rest; when a part fails, all of it is undone. --dump prints the
document that makes another server like this one.`;

const image: ArgumentSpec = { name: 'image', complete: 'images', remote: 'own' };
const name: ArgumentSpec = { name: 'name', optional: true, complete: 'servers', remote: 'own' };

/** What new instances, and new servers, are made with. */
export const createCommands: readonly CommandSpec[] = [
  {
    path: ['launch'],
    summary: 'Create and start an instance from an image',
    details: createDetails,
    arguments: [image, name],
    options: [...createOptions, consoleOption],
    examples: [
      ['yurt launch debian/12 web', 'an instance "web" with the profile "default"'],
      ['yurt launch debian/12 web -c limits.memory=512MiB -d eth0,limits.max=100Mbit', 'with limits'],
      ['yurt launch tiny box < box.yaml', 'with configuration from a file'],
      ['yurt launch far:tiny box', 'with an image of another server'],
    ],
    load: () => import('./launch.ts'),
  },
  {
    path: ['create'],
    summary: 'Create an instance from an image, without starting it',
    details: createDetails,
    arguments: [image, name],
    options: createOptions,
    examples: [['yurt create debian/12 web', 'a stopped instance "web"']],
    load: () => import('./create.ts'),
  },
  {
    path: ['init'],
    summary: 'Set the server up, or create an instance from an image',
    details: setupDetails,
    arguments: [{ ...image, optional: true }, name],
    options: [...setupOptions, ...createOptions],
    examples: [
      ['yurt init', 'by questions'],
      ['yurt init --auto --network-port 8443', 'without questions, and open to clients on the network'],
      ['yurt init --dump > server.yaml', 'what another server is to be like'],
      ['yurt init --preseed < server.yaml', 'on that other server'],
      ['yurt init debian/12 web', 'a stopped instance "web"'],
    ],
    load: () => import('./init.ts'),
  },
  {
    path: ['admin', 'init'],
    summary: 'Set the server up, the same as "yurt init"',
    details: setupDetails,
    arguments: [{ name: 'file', optional: true, remote: 'one' }],
    options: setupOptions,
    load: () => import('./admin-init.ts'),
  },
];
