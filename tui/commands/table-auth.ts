import { formatOption } from '../arguments/list-options.ts';
import type { ArgumentSpec, CommandSpec } from './command.ts';

const group: ArgumentSpec = { name: 'group', complete: 'groups' };
const identity: ArgumentSpec = { name: 'identity', complete: 'identities' };
const permission: readonly ArgumentSpec[] = [
  group,
  { name: 'entity-type', complete: ['server', 'project', 'instance'] },
  { name: 'name-and-entitlement', variadic: true, complete: ['viewer', 'user', 'operator', 'admin'] },
];

/** `yurt auth …`: who may do what. */
export const authCommands: readonly CommandSpec[] = [
  ...groupCommands(),
  {
    path: ['auth', 'group', 'permission', 'add'],
    summary: 'Let the clients of a group do something',
    details: `The words after the group are server ENTITLEMENT, project NAME ENTITLEMENT, or instance NAME ENTITLEMENT [project=NAME].

An entitlement includes those before it. viewer: see. user: run commands, use files and consoles. operator: start, stop,
take snapshots and backups. admin: change and delete, and in a project create; for the server, everything.`,
    arguments: permission,
    examples: [
      ['yurt auth group permission add crew project team operator', 'all instances of a project'],
      ['yurt auth group permission add crew instance web user project=team', 'one instance'],
      ['yurt auth group permission add crew server viewer', 'everything, to look at'],
    ],
    load: () => import('./auth-group-permission-add.ts'),
  },
  {
    path: ['auth', 'group', 'permission', 'remove'],
    aliases: ['rm'],
    summary: 'Take a permission away; what its clients do by it at the moment ends at once',
    details: 'The words are those of "yurt auth group permission add".',
    arguments: permission,
    load: () => import('./auth-group-permission-remove.ts'),
  },
  ...identityCommands(),
];

function groupCommands(): CommandSpec[] {
  return [
    {
      path: ['auth', 'group', 'create'],
      summary: 'Create a group: permissions that clients get together',
      details:
        'A YAML document with description and permissions may come on stdin, as "yurt auth group show" prints one.',
      arguments: [{ name: 'group', remote: 'one' }],
      options: [{ name: 'description', short: 'd', value: 'TEXT', doc: 'Description of the group' }],
      load: () => import('./auth-group-create.ts'),
    },
    {
      path: ['auth', 'group', 'list'],
      aliases: ['ls'],
      summary: 'List groups',
      options: [formatOption()],
      load: () => import('./auth-group-list.ts'),
    },
    {
      path: ['auth', 'group', 'show'],
      summary: 'Show a group as YAML',
      arguments: [group],
      load: () => import('./auth-group-show.ts'),
    },
    {
      path: ['auth', 'group', 'edit'],
      summary: 'Edit description and permissions of a group as YAML',
      arguments: [group],
      load: () => import('./auth-group-edit.ts'),
    },
    {
      path: ['auth', 'group', 'rename'],
      aliases: ['mv'],
      summary: 'Rename a group; its clients stay in it',
      arguments: [group, { name: 'new-name' }],
      load: () => import('./auth-group-rename.ts'),
    },
    {
      path: ['auth', 'group', 'delete'],
      aliases: ['rm'],
      summary: 'Delete a group; its clients lose its permissions at once',
      arguments: [group],
      load: () => import('./auth-group-delete.ts'),
    },
  ];
}

function identityCommands(): CommandSpec[] {
  return [
    {
      path: ['auth', 'identity', 'list'],
      aliases: ['ls'],
      summary: 'List the clients that the server trusts, with their groups',
      options: [formatOption()],
      load: () => import('./auth-identity-list.ts'),
    },
    {
      path: ['auth', 'identity', 'show'],
      summary: 'Show a client as YAML',
      arguments: [identity],
      load: () => import('./auth-identity-show.ts'),
    },
    {
      path: ['auth', 'identity', 'info'],
      summary: 'Show who you are to the server, and what you may do there',
      load: () => import('./auth-identity-info.ts'),
    },
    {
      path: ['auth', 'identity', 'create'],
      summary: 'Print a token that lets one client in, once, into groups',
      details: 'The client redeems it with "yurt remote add", and may do then what its groups permit.',
      arguments: [{ name: 'identity', remote: 'one' }],
      options: [
        {
          name: 'group',
          short: 'g',
          value: 'GROUP',
          repeatable: true,
          doc: 'Group of the client',
          complete: 'groups',
        },
      ],
      examples: [['yurt auth identity create tls/laptop --group crew', 'a client of the group "crew"']],
      load: () => import('./auth-identity-create.ts'),
    },
    {
      path: ['auth', 'identity', 'delete'],
      aliases: ['rm'],
      summary: 'Trust a client no more; what it does at the moment ends at once',
      arguments: [identity],
      load: () => import('./auth-identity-delete.ts'),
    },
    {
      path: ['auth', 'identity', 'group', 'add'],
      summary: 'Put a client into a group',
      arguments: [identity, { ...group, remote: 'none' }],
      load: () => import('./auth-identity-group-add.ts'),
    },
    {
      path: ['auth', 'identity', 'group', 'remove'],
      aliases: ['rm'],
      summary: 'Take a client out of a group; what it does at the moment ends at once',
      arguments: [identity, { ...group, remote: 'none' }],
      load: () => import('./auth-identity-group-remove.ts'),
    },
  ];
}
