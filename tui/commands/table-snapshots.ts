import type { ArgumentSpec, CommandSpec, OptionSpec } from './command.ts';

const instance: ArgumentSpec = { name: 'instance', complete: 'instances' };
const known: ArgumentSpec = { name: 'instance', complete: 'instances-and-snapshots' };
const name: ArgumentSpec = { name: 'snapshot', optional: true, complete: 'snapshots' };
const fresh: ArgumentSpec = { name: 'snapshot', optional: true };

const format: OptionSpec = {
  name: 'format',
  short: 'f',
  value: 'FORMAT',
  doc: 'csv, json, table, yaml or compact, with ",noheader" or ",header" after it (default "table")',
  complete: ['csv', 'json', 'table', 'yaml', 'compact'],
};

const createOptions: readonly OptionSpec[] = [
  {
    name: 'expiry',
    value: 'EXPIRY',
    doc: 'When it expires: a span such as "4w" or "1d 12H", or a date (default snapshots.expiry of the instance)',
  },
  { name: 'no-expiry', doc: 'It never expires, whatever the instance says' },
  { name: 'reuse', doc: 'Replace a snapshot of the same name' },
];

const restoreDetails = `The instance becomes again what it was: its root, configuration, devices and profiles. A running instance is killed for it and
started again. INSTANCE/SNAPSHOT names a snapshot in one word.`;

/** The verb of one field and the noun of the other lead to the same code. */
export function snapshotCommands(): CommandSpec[] {
  return [
    {
      path: ['snapshot', 'create'],
      summary: 'Take a snapshot of an instance',
      details: `A running instance is held still for the moment in which what it is writing to is copied.

Without a name the snapshot is named as snapshots.pattern of the instance says ("snap%d": snap0, snap1, …), and the name is
printed. "yurt snapshot INSTANCE [SNAPSHOT]" is short for it, unless the instance is named like a subcommand.`,
      arguments: [instance, fresh],
      options: createOptions,
      examples: [
        ['yurt snapshot create web', 'snap0, or the next number'],
        ['yurt snapshot web before-upgrade --expiry 1w', 'one that goes away by itself'],
      ],
      load: () => import('./snapshot-create.ts'),
    },
    {
      path: ['snapshot'],
      summary: 'Take a snapshot of an instance',
      arguments: [instance, fresh],
      options: createOptions,
      hidden: true,
      load: () => import('./snapshot.ts'),
    },
    {
      path: ['snapshot', 'list'],
      aliases: ['ls'],
      summary: 'List the snapshots of an instance, or of all',
      arguments: [{ ...instance, optional: true }],
      options: [format],
      load: () => import('./snapshot-list.ts'),
    },
    {
      path: ['snapshot', 'show'],
      summary: 'Show a snapshot as YAML',
      arguments: [known, name],
      load: () => import('./snapshot-show.ts'),
    },
    {
      path: ['snapshot', 'restore'],
      summary: 'Restore an instance to a snapshot',
      details: restoreDetails,
      arguments: [known, name],
      load: () => import('./snapshot-restore.ts'),
    },
    {
      path: ['restore'],
      summary: 'Restore an instance to a snapshot',
      details: restoreDetails,
      arguments: [known, name],
      examples: [['yurt restore web snap0', 'undo everything since "snap0" was taken']],
      load: () => import('./restore.ts'),
    },
    {
      path: ['snapshot', 'rename'],
      aliases: ['mv'],
      summary: 'Rename a snapshot',
      arguments: [known, name, { name: 'new name', optional: true }],
      load: () => import('./snapshot-rename.ts'),
    },
    {
      path: ['snapshot', 'delete'],
      aliases: ['rm'],
      summary: 'Delete snapshots of an instance',
      arguments: [known, { ...name, variadic: true }],
      load: () => import('./snapshot-delete.ts'),
    },
  ];
}
