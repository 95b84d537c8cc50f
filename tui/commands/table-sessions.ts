import { allProjectsOption, formatOption } from '../arguments/list-options.ts';
import type { CommandSpec } from './command.ts';

/** Commands that outlive the program that started them: `yurt exec --detach` makes them. */
export const keptSessionCommands: readonly CommandSpec[] = [
  {
    path: ['attach'],
    summary: 'Take up a session that yurt exec --detach has started',
    details: `What is kept of the session's output comes first: the last 256 KiB of each stream. Then it is as with yurt exec, the exit
code included. A session has one reader: whoever was attached is not any more.
On a terminal ctrl+a q detaches, and ctrl+a ctrl+a sends one ctrl+a; SIGINT, SIGTERM and SIGHUP detach from a session without
a terminal. The session goes on. The end of stdin is the end of stdin of a session without a terminal, unless --disable-stdin is given.`,
    arguments: [{ name: 'session', complete: 'sessions' }],
    options: [{ name: 'disable-stdin', short: 'n', doc: "Leave the session's stdin as it is" }],
    examples: [
      ['id=$(yurt exec --detach web -- apt-get -y upgrade); yurt attach "$id"', 'its output, and its exit code'],
      ['yurt attach far:0a1b2c3d', 'a session of another server'],
    ],
    load: () => import('./attach.ts'),
  },
  {
    path: ['session', 'list'],
    aliases: ['ls'],
    summary: 'List sessions, those that have ended within the hour included',
    arguments: [{ name: 'instance', optional: true, complete: 'instances' }],
    options: [formatOption(), allProjectsOption()],
    load: () => import('./session-list.ts'),
  },
  {
    path: ['session', 'delete'],
    aliases: ['rm', 'kill'],
    summary: 'Kill what runs in a session, and forget it',
    arguments: [{ name: 'session', complete: 'sessions' }],
    load: () => import('./session-delete.ts'),
  },
];
