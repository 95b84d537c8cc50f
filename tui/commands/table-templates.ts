import { formatOption } from '../arguments/list-options.ts';
import type { ArgumentSpec, CommandSpec } from './command.ts';

const instance: ArgumentSpec = { name: 'instance', complete: 'instances' };
const template: ArgumentSpec = { name: 'template', complete: 'instance-templates' };

/** What an instance has of its image's metadata, and the templates of its files. */
export const templateCommands: readonly CommandSpec[] = [
  {
    path: ['config', 'metadata', 'show'],
    summary: 'Show the metadata of an instance as YAML',
    details: 'As in the metadata.yaml of an image: properties, and the files that are written from templates.',
    arguments: [instance],
    load: () => import('./config-metadata-show.ts'),
  },
  {
    path: ['config', 'metadata', 'edit'],
    summary: 'Edit the metadata of an instance as YAML',
    details: `On a terminal in the editor that VISUAL or EDITOR names; otherwise the document comes on stdin and replaces the
metadata. Only this instance changes, not its image.`,
    arguments: [instance],
    examples: [['yurt config metadata edit web < metadata.yaml', 'from a file']],
    load: () => import('./config-metadata-edit.ts'),
  },
  {
    path: ['config', 'template', 'list'],
    aliases: ['ls'],
    summary: 'List the templates of an instance',
    arguments: [instance],
    options: [formatOption()],
    load: () => import('./config-template-list.ts'),
  },
  {
    path: ['config', 'template', 'show'],
    summary: 'Print a template',
    arguments: [instance, template],
    load: () => import('./config-template-show.ts'),
  },
  {
    path: ['config', 'template', 'create'],
    summary: 'Create a template',
    details: `On a terminal in the editor that VISUAL or EDITOR names; otherwise the text comes on stdin. yurt config metadata edit
says which file is made of it, and when.`,
    arguments: [instance, { name: 'template' }],
    examples: [['yurt config template create web motd.tpl < motd.tpl', 'from a file']],
    load: () => import('./config-template-create.ts'),
  },
  {
    path: ['config', 'template', 'edit'],
    summary: 'Edit a template',
    details: 'On a terminal in the editor that VISUAL or EDITOR names; otherwise the text comes on stdin.',
    arguments: [instance, template],
    load: () => import('./config-template-edit.ts'),
  },
  {
    path: ['config', 'template', 'delete'],
    aliases: ['rm'],
    summary: 'Delete a template that no file is made of',
    arguments: [instance, template],
    load: () => import('./config-template-delete.ts'),
  },
];
