import type { CommandSpec, OptionSpec } from './command.ts';

const targetProject: OptionSpec = {
  name: 'target-project',
  value: 'PROJECT',
  doc: 'Project to put it into (default the same)',
};

const betweenOptions: readonly OptionSpec[] = [
  {
    name: 'mode',
    value: 'MODE',
    doc: 'Between servers: pull, push or relay (default the first that works)',
    complete: ['pull', 'push', 'relay'],
  },
  { name: 'allow-host-access', doc: 'Between servers: take over what gives an instance access to the host' },
];
const storage: OptionSpec = {
  name: 'storage',
  short: 's',
  value: 'POOL',
  doc: 'Storage pool of the root disk: on the same server that of the source, for now',
  complete: 'pools',
};

const copyOptions: readonly OptionSpec[] = [
  { name: 'config', short: 'c', value: 'KEY=VALUE', repeatable: true, doc: 'Configuration of the copy' },
  {
    name: 'device',
    short: 'd',
    value: 'DEVICE,KEY=VALUE',
    repeatable: true,
    doc: 'Device of the copy, or options of one that it has',
  },
  {
    name: 'profile',
    short: 'p',
    value: 'PROFILE',
    repeatable: true,
    doc: 'Profile to use instead of those of the source',
    complete: 'profiles',
  },
  { name: 'no-profiles', doc: 'Use no profile' },
  { name: 'ephemeral', short: 'e', doc: 'Delete the copy when it stops' },
  { name: 'instance-only', doc: 'Leave the snapshots out' },
  { name: 'start', doc: 'Start the copy' },
  { name: 'refresh', doc: 'Bring a copy that exists, and is stopped, up to date' },
  { name: 'stateless', doc: 'Leave out what is in memory; that is never copied' },
  storage,
  targetProject,
  ...betweenOptions,
];

const moveOptions: readonly OptionSpec[] = [
  targetProject,
  ...copyOptions.filter(({ name }) =>
    ['config', 'device', 'profile', 'no-profiles', 'instance-only', 'storage', 'stateless'].includes(name),
  ),
  { name: 'start', doc: 'Start it at the other server' },
  ...betweenOptions,
];

/** Commands that make another instance of one. */
export function copyCommands(): CommandSpec[] {
  return [
    {
      path: ['copy'],
      aliases: ['cp'],
      summary: 'Copy an instance or a snapshot',
      details: `The copy has the configuration, devices, profiles and snapshots of its source, and addresses and ids of its own. A running source
is held still for the moment in which what it is writing to is copied. INSTANCE/SNAPSHOT copies what a snapshot has kept.

With --refresh a copy that exists already gets the root and the snapshots that the source has now; snapshots that the source
does not have go. Its configuration, devices, profiles and addresses stay.

Without a name the server picks one, which is printed.

SERVER:SOURCE and SERVER:NAME copy from one server to another; without a name, the copy has that of the source. The servers
connect with each other, or yurt passes everything on. See docs/guides/between-servers.md.`,
      arguments: [
        { name: 'source', complete: 'instances-and-snapshots', remote: 'own' },
        { name: 'name', optional: true, complete: 'servers', remote: 'own' },
      ],
      options: copyOptions,
      examples: [
        ['yurt copy web web2', 'another instance like "web"'],
        ['yurt copy web standby --refresh', 'makes "standby", or brings it up to date'],
        ['yurt copy web far:', 'to another server'],
        ['yurt copy web/snap0 test -c limits.memory=256MiB --start', 'what "web" was, to try something on'],
      ],
      load: () => import('./copy.ts'),
    },
    {
      path: ['move'],
      aliases: ['mv'],
      summary: 'Rename a stopped instance or a snapshot, or put an instance into another project or server',
      details: `On another server it is the same instance, with its addresses; when it is there, it is deleted where it was. It is refused
when anything of its configuration would be lost.`,
      arguments: [
        { name: 'instance', complete: 'instances', remote: 'own' },
        { name: 'new name', optional: true, complete: 'servers', remote: 'own' },
      ],
      options: moveOptions,
      examples: [
        ['yurt move web www', 'another name'],
        ['yurt move web far:', 'to another server'],
      ],
      load: () => import('./move.ts'),
    },
    {
      path: ['rename'],
      summary: 'Rename a stopped instance, or a snapshot',
      arguments: [{ name: 'instance', complete: 'instances-and-snapshots' }, { name: 'new name' }],
      examples: [
        ['yurt rename web www', 'an instance'],
        ['yurt rename web/snap0 web/good', 'a snapshot'],
      ],
      load: () => import('./rename.ts'),
    },
    {
      path: ['rebuild'],
      summary: 'Give an instance a fresh root from an image',
      details: 'Configuration, devices and snapshots stay; everything else in the root is gone.',
      arguments: [
        { name: 'image', complete: 'images' },
        { name: 'instance', complete: 'instances' },
      ],
      options: [{ name: 'force', short: 'f', doc: 'Kill a running instance first, and start it again' }],
      examples: [['yurt rebuild debian/12 web', 'begin anew']],
      load: () => import('./rebuild.ts'),
    },
  ];
}

/** Copies an image to another server. */
export function imageCopyCommand(): CommandSpec {
  return {
    path: ['image', 'copy'],
    aliases: ['cp'],
    summary: 'Copy an image to another server',
    arguments: [
      { name: 'image', complete: 'images', remote: 'own' },
      { name: 'server', complete: 'servers', remote: 'own' },
    ],
    options: [
      { name: 'alias', value: 'ALIAS', repeatable: true, doc: 'Alias of the image there' },
      { name: 'copy-aliases', doc: 'Give it the aliases that it has here' },
      {
        name: 'mode',
        value: 'MODE',
        doc: 'pull, push or relay (default the first that works)',
        complete: ['pull', 'push', 'relay'],
      },
      { name: 'target-project', value: 'PROJECT', doc: 'Project of the image there' },
    ],
    examples: [['yurt image copy debian/12 far: --copy-aliases', 'the same image under the same names']],
    load: () => import('./image-copy.ts'),
  };
}
