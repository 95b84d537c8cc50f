import { formatOption } from '../arguments/list-options.ts';
import type { ArgumentSpec, CommandSpec, OptionSpec } from './command.ts';

const remote: ArgumentSpec = { name: 'remote', complete: 'remotes', remote: 'none' };
const client: ArgumentSpec = { name: 'client' };
const rights: readonly OptionSpec[] = [
  { name: 'restricted', doc: 'Let the client see and use nothing but what is in its projects' },
  { name: 'projects', value: 'PROJECT,…', doc: 'The projects of a restricted client' },
  {
    name: 'groups',
    value: 'GROUP,…',
    doc: 'Groups whose permissions the client gets; it is restricted to these and to --projects',
    complete: 'groups',
  },
];

/** `yurt remote …`: the servers that this user's commands may be for. */
export const remoteCommands: readonly CommandSpec[] = [
  {
    path: ['remote', 'add'],
    summary: 'Add a server on the network',
    details: `With the token of "yurt config trust add" on that server, that is all: it says where the server is, which certificate it has, and
that this client may be trusted. --project chooses the project to work in there. With an address, HOST[:PORT], the fingerprint of the server's certificate is shown, to be
compared with what "yurt info" says there. A client that the server does not trust yet needs --token, or its certificate
("yurt remote get-client-certificate") must be brought to the server.`,
    arguments: [{ name: 'remote' }, { name: 'token|address', optional: true }],
    options: [
      { name: 'token', value: 'TOKEN', doc: 'A token of the server' },
      { name: 'accept-certificate', doc: 'Trust whatever certificate the server shows' },
    ],
    examples: [
      ['yurt remote add far eyJjbGllbnRfbmFtZ…', 'with a token'],
      ['yurt remote add far 10.0.0.1:8443', 'with an address'],
    ],
    withoutServer: true,
    load: () => import('./remote-add.ts'),
  },
  {
    path: ['remote', 'list'],
    aliases: ['ls'],
    summary: 'List servers',
    options: [formatOption()],
    withoutServer: true,
    load: () => import('./remote-list.ts'),
  },
  {
    path: ['remote', 'rename'],
    aliases: ['mv'],
    summary: 'Rename a server',
    arguments: [remote, { name: 'new-name' }],
    withoutServer: true,
    load: () => import('./remote-rename.ts'),
  },
  {
    path: ['remote', 'remove'],
    aliases: ['rm'],
    summary: 'Forget a server',
    arguments: [remote],
    withoutServer: true,
    load: () => import('./remote-remove.ts'),
  },
  {
    path: ['remote', 'switch'],
    summary: 'Choose the server that commands are for which name none',
    details: 'YURT_REMOTE in the environment chooses another for single commands, --force-local this host.',
    arguments: [remote],
    withoutServer: true,
    load: () => import('./remote-switch.ts'),
  },
  {
    path: ['remote', 'set-url'],
    summary: 'Change the address of a server, which keeps its certificate',
    arguments: [remote, { name: 'address' }],
    withoutServer: true,
    load: () => import('./remote-set-url.ts'),
  },
  {
    path: ['remote', 'get-default'],
    summary: 'Print the server that commands are for which name none',
    withoutServer: true,
    load: () => import('./remote-get-default.ts'),
  },
  {
    path: ['remote', 'get-client-certificate'],
    summary: 'Print the certificate that this user is known by on servers',
    withoutServer: true,
    load: () => import('./remote-get-client-certificate.ts'),
  },
];

/** `yurt config trust …`: the clients that a server trusts. */
export const trustCommands: readonly CommandSpec[] = [
  {
    path: ['config', 'trust', 'add'],
    summary: 'Print a token that lets one client in, once',
    details: 'The client redeems it with "yurt remote add". core.https_address must be set.',
    arguments: [{ name: 'client', remote: 'one' }],
    options: rights,
    examples: [
      ['yurt config trust add laptop', 'a client that may do everything'],
      ['yurt config trust add guest --restricted --projects team', 'a client that sees one project'],
      ['yurt config trust add guest --groups crew', 'a client that may do what a group permits'],
    ],
    load: () => import('./config-trust-add.ts'),
  },
  {
    path: ['config', 'trust', 'add-certificate'],
    summary: 'Trust a client whose certificate is in a file',
    arguments: [{ name: 'certificate' }],
    options: [{ name: 'name', value: 'NAME', doc: 'Name of the client (default that of the file)' }, ...rights],
    load: () => import('./config-trust-add-certificate.ts'),
  },
  {
    path: ['config', 'trust', 'list'],
    aliases: ['ls'],
    summary: 'List the clients that the server trusts',
    options: [formatOption()],
    load: () => import('./config-trust-list.ts'),
  },
  {
    path: ['config', 'trust', 'show'],
    summary: 'Show a client as YAML',
    arguments: [{ ...client, remote: 'one' }],
    load: () => import('./config-trust-show.ts'),
  },
  {
    path: ['config', 'trust', 'edit'],
    summary: 'Edit name, restriction, projects and expiry of a client as YAML',
    arguments: [{ ...client, remote: 'one' }],
    load: () => import('./config-trust-edit.ts'),
  },
  {
    path: ['config', 'trust', 'remove'],
    aliases: ['rm'],
    summary: 'Trust a client no more; what it does at the moment ends at once',
    arguments: [{ ...client, remote: 'one' }],
    load: () => import('./config-trust-remove.ts'),
  },
  {
    path: ['config', 'trust', 'list-tokens'],
    summary: 'List tokens that were not used yet',
    options: [formatOption()],
    load: () => import('./config-trust-list-tokens.ts'),
  },
  {
    path: ['config', 'trust', 'revoke-token'],
    summary: 'Make a token worthless',
    arguments: [{ ...client, remote: 'one' }],
    load: () => import('./config-trust-revoke-token.ts'),
  },
];
