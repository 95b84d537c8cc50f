import type { ArgumentSpec, CommandSpec, OptionSpec } from './command.ts';

const instance: ArgumentSpec = { name: 'instance', complete: 'instances' };

const property: OptionSpec = {
  name: 'property',
  short: 'p',
  doc: 'Properties such as description instead of keys of the configuration',
};

const expanded: OptionSpec = { name: 'expanded', short: 'e', doc: 'With what the profiles bring' };

/** `yurt config`: the configuration of one instance. */
export const configCommands: readonly CommandSpec[] = [
  {
    path: ['config', 'show'],
    summary: 'Show the configuration of an instance as YAML',
    arguments: [instance],
    options: [expanded],
    examples: [['yurt config show web -e', 'all that holds for "web"']],
    load: () => import('./config-show.ts'),
  },
  {
    path: ['config', 'edit'],
    summary: 'Edit the configuration of an instance as YAML',
    details: `On a terminal in the editor that VISUAL or EDITOR names; otherwise the document comes on stdin. It replaces description,
ephemeral, profiles, config and devices. What is wrong opens the editor again; what somebody else changed meanwhile is
shown first.`,
    arguments: [instance],
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
    arguments: [instance, { name: 'key' }],
    options: [expanded, property],
    load: () => import('./config-get.ts'),
  },
  {
    path: ['config', 'set'],
    summary: 'Set keys of the configuration',
    details: `A running instance follows at once where the key allows it, at its next start otherwise. A value "-" is what comes on
stdin, and an empty value unsets the key.`,
    arguments: [instance, { name: 'key=value', variadic: true }],
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
    arguments: [instance, { name: 'key' }],
    options: [property],
    load: () => import('./config-unset.ts'),
  },
];
