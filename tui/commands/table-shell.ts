import { formatOption } from '../arguments/list-options.ts';
import { waitConditions } from '../instances/wait-conditions.ts';
import type { CommandSpec } from './command.ts';

/** Commands for scripts and habits: aliases, waiting, calls to the API. */
export const shellCommands: readonly CommandSpec[] = [
  {
    path: ['alias', 'list'],
    aliases: ['ls'],
    summary: 'List aliases',
    options: [formatOption()],
    withoutServer: true,
    load: () => import('./alias-list.ts'),
  },
  {
    path: ['alias', 'add'],
    summary: 'Add an alias for a command',
    details: `An alias may have several words, and wins over a command of its name. In what it stands for, @ARG1@ is the first
argument that follows, @ARGS@ all that no number names; without it they follow at the end. An alias in an alias is not looked for. They are kept in
~/.config/yurt/config.yml.`,
    arguments: [{ name: 'alias' }, { name: 'target' }],
    examples: [
      ['yurt alias add ll "list -c ns4"', 'yurt ll'],
      ['yurt alias add login "exec @ARG1@ -- su -l @ARG2@"', 'yurt login web admin'],
    ],
    withoutServer: true,
    load: () => import('./alias-add.ts'),
  },
  {
    path: ['alias', 'rename'],
    aliases: ['mv'],
    summary: 'Rename an alias',
    arguments: [{ name: 'alias' }, { name: 'new-alias' }],
    withoutServer: true,
    load: () => import('./alias-rename.ts'),
  },
  {
    path: ['alias', 'remove'],
    aliases: ['rm'],
    summary: 'Remove aliases',
    arguments: [{ name: 'alias', variadic: true }],
    withoutServer: true,
    load: () => import('./alias-remove.ts'),
  },
  {
    path: ['wait'],
    summary: 'Wait until an instance is as it should be',
    details: `Conditions: running, stopped, frozen, or status=WORD for any other state; ready (or agent) when the boot has finished;
ip, ipv4 or ipv6 when it has such an address.`,
    arguments: [
      { name: 'instance', complete: 'instances' },
      { name: 'condition', complete: waitConditions },
    ],
    options: [{ name: 'timeout', short: 't', value: 'SECONDS', doc: 'Fail after this long (default never)' }],
    examples: [['yurt launch debian/12 web && yurt wait web ready', 'go on when its system is up']],
    load: () => import('./wait.ts'),
  },
  {
    path: ['query'],
    summary: 'Call a method of the API and print its answer as JSON',
    details: `The method is SERVICE/METHOD, the request a JSON object with the fields of the API. A method that answers with a stream
prints each answer as it comes.`,
    arguments: [{ name: 'method', remote: 'one' }],
    options: [{ name: 'data', short: 'd', value: 'JSON', doc: 'The request, or "-" for stdin (default {})' }],
    examples: [
      ['yurt query yurt.v1.InstanceService/GetInstance -d \'{"name": "web"}\'', 'all that the API says of "web"'],
      ['yurt query yurt.v1.EventService/WatchEvents', 'events, as they happen'],
    ],
    load: () => import('./query.ts'),
  },
];
