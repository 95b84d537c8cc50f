import { columnsOption, formatOption } from '../arguments/list-options.ts';
import type { ArgumentSpec, CommandSpec, OptionSpec } from './command.ts';

const project: ArgumentSpec = { name: 'project', complete: 'projects' };
const property: OptionSpec = { name: 'property', short: 'p', doc: 'Properties such as description instead of keys' };

/** `yurt project`. */
export const projectCommands: readonly CommandSpec[] = [
  {
    path: ['project', 'list'],
    aliases: ['ls'],
    summary: 'List projects',
    details: 'Columns: {COLUMNS}',
    options: [columnsOption(), formatOption()],
    load: () => import('./project-list.ts'),
  },
  {
    path: ['project', 'create'],
    summary: 'Create a project',
    details: `A new project has images, profiles and storage volumes of its own unless features.* say otherwise, and shares networks and
storage pools with all others. Its profile "default" has a root disk and a network interface.

A YAML document with config and description may come on stdin, as for launch.`,
    arguments: [{ name: 'project', remote: 'one' }],
    options: [
      { name: 'config', short: 'c', value: 'KEY=VALUE', repeatable: true, doc: 'Configuration of the new project' },
      { name: 'description', value: 'TEXT', doc: 'Description of the project' },
      { name: 'network', short: 'n', value: 'NETWORK', doc: 'Network of its default profile', complete: 'networks' },
      { name: 'storage', short: 's', value: 'POOL', doc: 'Storage pool of its default profile', complete: 'pools' },
    ],
    examples: [
      ['yurt project create team', 'a project of its own'],
      [
        'yurt project create team -c features.images=false -c limits.instances=5',
        'with the images of the default project',
      ],
      ['yurt project create guests -c restricted=true', 'for people who are not trusted with the host'],
    ],
    load: () => import('./project-create.ts'),
  },
  {
    path: ['project', 'delete'],
    aliases: ['rm'],
    summary: 'Delete projects',
    arguments: [{ ...project, variadic: true }],
    options: [{ name: 'force', short: 'f', doc: 'Delete the instances, images and profiles in it first' }],
    load: () => import('./project-delete.ts'),
  },
  {
    path: ['project', 'edit'],
    summary: 'Edit a project as YAML',
    arguments: [project],
    load: () => import('./project-edit.ts'),
  },
  {
    path: ['project', 'get'],
    summary: 'Print the value of a key of a project',
    arguments: [project, { name: 'key' }],
    options: [property],
    load: () => import('./project-get.ts'),
  },
  {
    path: ['project', 'get-current'],
    summary: 'Print the project that commands work in',
    load: () => import('./project-get-current.ts'),
  },
  {
    path: ['project', 'info'],
    summary: 'Show how much of its limits a project uses',
    arguments: [{ ...project, optional: true }],
    options: [formatOption()],
    load: () => import('./project-info.ts'),
  },
  {
    path: ['project', 'rename'],
    aliases: ['mv'],
    summary: 'Rename an empty project',
    arguments: [project, { name: 'new-name' }],
    load: () => import('./project-rename.ts'),
  },
  {
    path: ['project', 'set'],
    summary: 'Set keys of a project',
    arguments: [project, { name: 'key=value', variadic: true }],
    options: [property],
    examples: [['yurt project set team limits.memory=8GiB', 'as much as all of its instances may have together']],
    load: () => import('./project-set.ts'),
  },
  {
    path: ['project', 'show'],
    summary: 'Show a project as YAML',
    arguments: [project],
    load: () => import('./project-show.ts'),
  },
  {
    path: ['project', 'switch'],
    summary: 'Make a project the one that commands work in',
    details: 'It is remembered in ~/.config/yurt/config.yml; --project says another one for a single command.',
    arguments: [project],
    load: () => import('./project-switch.ts'),
  },
  {
    path: ['project', 'unset'],
    summary: 'Unset a key of a project',
    arguments: [project, { name: 'key' }],
    options: [property],
    load: () => import('./project-unset.ts'),
  },
];
