import type { ArgumentSpec, CommandSpec, OptionSpec } from './command.ts';

const instance: ArgumentSpec = { name: 'instance', complete: 'instances' };
const optionalInstance: ArgumentSpec = { ...instance, optional: true };
const key: ArgumentSpec = { name: 'key', complete: 'instance-keys' };
const pairs: ArgumentSpec = { name: 'key=value', variadic: true, complete: 'instance-settings' };
const device: ArgumentSpec = { name: 'device', complete: 'instance-devices' };
const optionPairs: ArgumentSpec = { name: 'key=value', variadic: true, complete: 'device-settings' };

const property: OptionSpec = {
  name: 'property',
  short: 'p',
  doc: 'Properties such as description instead of keys of the configuration',
};

const expanded: OptionSpec = { name: 'expanded', short: 'e', doc: 'With what the profiles bring' };

/** `yurt config`: the configuration of one instance, or of the server. */
export const configCommands: readonly CommandSpec[] = [
  ...deviceCommands(),
  {
    path: ['config', 'show'],
    summary: 'Show the configuration of an instance, of a snapshot, or of the server, as YAML',
    details: 'INSTANCE/SNAPSHOT shows what a snapshot has kept.',
    arguments: [{ ...optionalInstance, complete: 'instances-and-snapshots' }],
    options: [expanded],
    examples: [['yurt config show web -e', 'all that holds for "web"']],
    load: () => import('./config-show.ts'),
  },
  {
    path: ['config', 'edit'],
    summary: 'Edit the configuration of an instance, or of the server, as YAML',
    details: `On a terminal in the editor that VISUAL or EDITOR names; otherwise the document comes on stdin. It replaces description,
ephemeral, profiles, config and devices. What is wrong opens the editor again; what somebody else changed meanwhile is
shown first.`,
    arguments: [optionalInstance],
    examples: [
      ['yurt config edit web', 'in your editor'],
      ['yurt config edit web < web.yaml', 'from a file'],
    ],
    load: () => import('./config-edit.ts'),
  },
  {
    path: ['config', 'get'],
    summary: 'Print the value of a key',
    details: 'A key that is not set prints an empty line.',
    arguments: [optionalInstance, key],
    options: [expanded, property],
    load: () => import('./config-get.ts'),
  },
  {
    path: ['config', 'set'],
    summary: 'Set keys of the configuration',
    details: `A running instance follows at once where the key allows it, at its next start otherwise. A value "-" is what comes on
stdin, and an empty value unsets the key.`,
    arguments: [optionalInstance, pairs],
    options: [property],
    examples: [
      ['yurt config set web limits.memory=1GiB limits.processes=500', 'two limits'],
      ['yurt config set web boot.autostart true', 'the older way to write one'],
      ['yurt config set web user.note - < note.txt', 'a value from a file'],
      ['yurt config set web -p description="The web"', 'a property'],
    ],
    load: () => import('./config-set.ts'),
  },
  {
    path: ['config', 'unset'],
    summary: 'Unset a key of the configuration',
    arguments: [optionalInstance, key],
    options: [property],
    load: () => import('./config-unset.ts'),
  },
];

function deviceCommands(): CommandSpec[] {
  return [
    {
      path: ['config', 'device', 'add'],
      summary: 'Add a device to an instance',
      arguments: [
        instance,
        { name: 'device' },
        { name: 'type', complete: 'device-types' },
        { ...optionPairs, optional: true },
      ],
      examples: [['yurt config device add web lan nic network=yurtbr0', 'a second network interface']],
      load: () => import('./config-device-add.ts'),
    },
    {
      path: ['config', 'device', 'override'],
      summary: 'Give an instance its own copy of a device that a profile brings',
      arguments: [instance, device, { ...optionPairs, optional: true }],
      examples: [['yurt config device override web eth0 hwaddr=00:16:3e:00:00:01', 'with an address of its own']],
      load: () => import('./config-device-override.ts'),
    },
    {
      path: ['config', 'device', 'set'],
      summary: 'Set options of a device',
      arguments: [instance, device, optionPairs],
      load: () => import('./config-device-set.ts'),
    },
    {
      path: ['config', 'device', 'unset'],
      summary: 'Unset an option of a device',
      arguments: [instance, device, { name: 'key', complete: 'device-options' }],
      load: () => import('./config-device-unset.ts'),
    },
    {
      path: ['config', 'device', 'get'],
      summary: 'Print the value of an option of a device',
      arguments: [instance, device, { name: 'key', complete: 'device-options' }],
      load: () => import('./config-device-get.ts'),
    },
    {
      path: ['config', 'device', 'remove'],
      aliases: ['rm'],
      summary: 'Remove devices from an instance',
      arguments: [instance, { ...device, variadic: true }],
      load: () => import('./config-device-remove.ts'),
    },
    {
      path: ['config', 'device', 'list'],
      aliases: ['ls'],
      summary: 'List the names of the devices of an instance',
      arguments: [instance],
      load: () => import('./config-device-list.ts'),
    },
    {
      path: ['config', 'device', 'show'],
      summary: 'Show the devices of an instance as YAML',
      details: 'What the profiles bring is in yurt config show --expanded.',
      arguments: [instance],
      load: () => import('./config-device-show.ts'),
    },
  ];
}
