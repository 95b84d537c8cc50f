import type { ArgumentSpec, CommandSpec, OptionSpec } from './command.ts';

const profile: ArgumentSpec = { name: 'profile', complete: 'profiles' };
const instance: ArgumentSpec = { name: 'instance', complete: 'instances' };
const device: ArgumentSpec = { name: 'device', complete: 'profile-devices' };
const optionPairs: ArgumentSpec = { name: 'key=value', variadic: true, complete: 'device-settings' };

const property: OptionSpec = {
  name: 'property',
  short: 'p',
  doc: 'Properties such as description instead of keys of the configuration',
};

/** `yurt profile`, but for the list. */
export const profileCommands: readonly CommandSpec[] = [
  ...contentCommands(),
  ...objectCommands(),
  ...assignmentCommands(),
  ...deviceCommands(),
];

function objectCommands(): CommandSpec[] {
  return [
    {
      path: ['profile', 'create'],
      aliases: ['new'],
      summary: 'Create a profile',
      details: 'A YAML document with config, devices and description may come on stdin, as for yurt launch.',
      arguments: [
        { name: 'profile' },
        { name: 'key=value', optional: true, variadic: true, complete: 'instance-settings' },
      ],
      options: [{ name: 'description', value: 'TEXT', doc: 'Description of the profile' }],
      examples: [
        ['yurt profile create small limits.memory=256MiB', 'with a limit'],
        ['yurt profile create lan < lan.yaml', 'from a file'],
      ],
      load: () => import('./profile-create.ts'),
    },
    {
      path: ['profile', 'copy'],
      aliases: ['cp'],
      summary: 'Copy a profile',
      arguments: [profile, { name: 'new-profile', remote: 'one' }],
      options: [
        { name: 'refresh', doc: 'Replace the content of the new profile when it exists' },
        { name: 'target-project', value: 'PROJECT', doc: 'Project of the new profile', complete: 'projects' },
      ],
      load: () => import('./profile-copy.ts'),
    },
    {
      path: ['profile', 'rename'],
      aliases: ['mv'],
      summary: 'Rename a profile; the instances that use it go on using it',
      arguments: [profile, { name: 'new-name' }],
      load: () => import('./profile-rename.ts'),
    },
    {
      path: ['profile', 'delete'],
      aliases: ['rm'],
      summary: 'Delete profiles that no instance uses',
      arguments: [{ ...profile, variadic: true }],
      load: () => import('./profile-delete.ts'),
    },
  ];
}

function contentCommands(): CommandSpec[] {
  return [
    {
      path: ['profile', 'show'],
      summary: 'Show a profile as YAML',
      arguments: [profile],
      load: () => import('./profile-show.ts'),
    },
    {
      path: ['profile', 'edit'],
      summary: 'Edit a profile as YAML',
      details: `On a terminal in the editor that VISUAL or EDITOR names; otherwise the document comes on stdin. Every instance that uses the
profile follows; when one cannot, nothing changes.`,
      arguments: [profile],
      load: () => import('./profile-edit.ts'),
    },
    {
      path: ['profile', 'get'],
      summary: 'Print the value of a key',
      arguments: [profile, { name: 'key', complete: 'instance-keys' }],
      options: [property],
      load: () => import('./profile-get.ts'),
    },
    {
      path: ['profile', 'set'],
      summary: 'Set keys of the configuration',
      details: 'Instances that use the profile and run follow at once where the key allows it.',
      arguments: [profile, { name: 'key=value', variadic: true, complete: 'instance-settings' }],
      options: [property],
      examples: [['yurt profile set small limits.memory=512MiB', 'for all that use "small"']],
      load: () => import('./profile-set.ts'),
    },
    {
      path: ['profile', 'unset'],
      summary: 'Unset a key of the configuration',
      arguments: [profile, { name: 'key', complete: 'instance-keys' }],
      options: [property],
      load: () => import('./profile-unset.ts'),
    },
  ];
}

function assignmentCommands(): CommandSpec[] {
  return [
    {
      path: ['profile', 'assign'],
      aliases: ['apply'],
      summary: 'Replace the profiles of an instance',
      arguments: [instance, { name: 'profiles', optional: true, complete: 'profiles' }],
      options: [{ name: 'no-profiles', doc: 'Use no profile' }],
      examples: [
        ['yurt profile assign web default,small', 'these two, the later wins'],
        ["yurt profile assign web ''", 'none'],
      ],
      load: () => import('./profile-assign.ts'),
    },
    {
      path: ['profile', 'add'],
      summary: 'Add a profile to an instance',
      arguments: [instance, profile],
      load: () => import('./profile-add.ts'),
    },
    {
      path: ['profile', 'remove'],
      summary: 'Remove a profile from an instance',
      arguments: [instance, profile],
      load: () => import('./profile-remove.ts'),
    },
  ];
}

function deviceCommands(): CommandSpec[] {
  return [
    {
      path: ['profile', 'device', 'add'],
      summary: 'Add a device to a profile',
      arguments: [
        profile,
        { name: 'device' },
        { name: 'type', complete: 'device-types' },
        { ...optionPairs, optional: true },
      ],
      load: () => import('./profile-device-add.ts'),
    },
    {
      path: ['profile', 'device', 'set'],
      summary: 'Set options of a device',
      arguments: [profile, device, optionPairs],
      load: () => import('./profile-device-set.ts'),
    },
    {
      path: ['profile', 'device', 'unset'],
      summary: 'Unset an option of a device',
      arguments: [profile, device, { name: 'key', complete: 'device-options' }],
      load: () => import('./profile-device-unset.ts'),
    },
    {
      path: ['profile', 'device', 'get'],
      summary: 'Print the value of an option of a device',
      arguments: [profile, device, { name: 'key', complete: 'device-options' }],
      load: () => import('./profile-device-get.ts'),
    },
    {
      path: ['profile', 'device', 'remove'],
      aliases: ['rm'],
      summary: 'Remove devices from a profile',
      arguments: [profile, { ...device, variadic: true }],
      load: () => import('./profile-device-remove.ts'),
    },
    {
      path: ['profile', 'device', 'list'],
      aliases: ['ls'],
      summary: 'List the names of the devices of a profile',
      arguments: [profile],
      load: () => import('./profile-device-list.ts'),
    },
    {
      path: ['profile', 'device', 'show'],
      summary: 'Show the devices of a profile as YAML',
      arguments: [profile],
      load: () => import('./profile-device-show.ts'),
    },
  ];
}
