import { allProjectsOption, columnsOption, formatOption } from '../arguments/list-options.ts';
import type { ArgumentSpec, CommandSpec, OptionSpec } from './command.ts';
import { authCommands } from './table-auth.ts';
import { backupCommands } from './table-backups.ts';
import { configCommands } from './table-config.ts';
import { copyCommands, imageCopyCommand } from './table-copies.ts';
import { consoleOption, createCommands } from './table-create.ts';
import { fileCommands } from './table-files.ts';
import { profileCommands } from './table-profile.ts';
import { projectCommands } from './table-projects.ts';
import { remoteCommands, trustCommands } from './table-remotes.ts';
import { keptSessionCommands } from './table-sessions.ts';
import { shellCommands } from './table-shell.ts';
import { snapshotCommands } from './table-snapshots.ts';
import { templateCommands } from './table-templates.ts';

/**
 * All commands. Help, completion and `docs/reference/commands.md` follow from this table; a command's code is loaded
 * when it runs.
 */
export const commands: readonly CommandSpec[] = [
  ...createCommands,
  ...instanceCommands(),
  ...lookingCommands(),
  ...configCommands,
  ...templateCommands,
  ...trustCommands,
  ...authCommands,
  ...stateCommands(),
  ...snapshotCommands(),
  ...copyCommands(),
  ...backupCommands(),
  ...sessionCommands(),
  ...keptSessionCommands,
  ...fileCommands,
  ...imageCommands(),
  imageCopyCommand(),
  ...listingCommands(),
  ...profileCommands,
  ...remoteCommands,
  ...serverCommands(),
  ...programCommands(),
  ...projectCommands,
  ...shellCommands,
];

/** Commands that share their first word, with what they are about. */
export const groups: Readonly<Record<string, string>> = {
  config: 'Configuration of instances and of the server',
  'config device': 'Devices of an instance',
  'config metadata': 'What an instance has of the metadata of its image',
  'config template': 'Templates of files of an instance',
  'config trust': 'Clients on the network that the server trusts',
  admin: 'The server itself',
  auth: 'Who may do what',
  'auth group': 'Permissions that clients get together',
  'auth group permission': 'Permissions of a group',
  'auth identity': 'Clients that the server trusts',
  'auth identity group': 'Groups of a client',
  alias: 'Words of your own for commands',
  file: 'Files inside instances, running or stopped',
  image: 'Images that instances are created from',
  network: 'Networks',
  operation: 'Long work of the server',
  profile: 'Configuration and devices that several instances share',
  session: 'Commands that go on without the program that started them',
  snapshot: 'What instances were at some moment',
  'profile device': 'Devices of a profile',
  project: 'Parts of the server with instances, limits and restrictions of their own',
  remote: 'Servers on the network',
  storage: 'Storage pools',
};

function instances(optional = false): ArgumentSpec {
  return { name: 'instance', variadic: true, optional, complete: 'instances' };
}

function instanceCommands(): CommandSpec[] {
  return [
    {
      path: ['delete'],
      aliases: ['rm'],
      summary: 'Delete instances',
      details: 'INSTANCE/SNAPSHOT deletes a snapshot; an instance is deleted with all its snapshots.',
      arguments: [instances()],
      options: [
        { name: 'force', short: 'f', doc: 'Stop a running instance first' },
        { name: 'interactive', short: 'i', doc: 'Ask before each' },
      ],
      load: () => import('./delete.ts'),
    },
  ];
}

function lookingCommands(): CommandSpec[] {
  return [
    {
      path: ['list'],
      aliases: ['ls'],
      summary: 'List instances',
      details: `Filters are regular expressions or beginnings of names, or key=value on the expanded configuration, where the parts of
the key may be shortened (s.privileged=true) and the value is a regular expression. type=, status=, architecture=,
ipv4= and ipv6= look at the instance; a comma means "or". Several filters must all hold. A filter or column for a key that
no instance can have is refused.

Columns: {COLUMNS}
Or keys of the expanded configuration and devices, as [config:|devices:]key[:title][:width], separated by commas.`,
      arguments: [{ name: 'filter', optional: true, variadic: true, complete: 'instances', remote: 'shared' }],
      options: [
        { name: 'columns', short: 'c', value: 'COLUMNS', doc: 'Columns to show (default "ns46tS")' },
        formatOption(),
        allProjectsOption(),
        { name: 'fast', doc: 'Show what needs no look at running instances, the same as --columns=nsacPt' },
      ],
      examples: [
        ['yurt list', 'all instances'],
        ['yurt list ^web status=running', 'running instances whose names begin with "web"'],
        ['yurt list -c ns,limits.memory:LIMIT -f csv', 'names, states and memory limits, for a script'],
      ],
      load: () => import('./list.ts'),
    },
    {
      path: ['info'],
      summary: 'Show an instance or the server',
      arguments: [{ name: 'instance', optional: true, complete: 'instances' }],
      options: [{ name: 'show-log', doc: "Show the end of the instance's console log too" }],
      load: () => import('./info.ts'),
    },
  ];
}

function stateCommands(): CommandSpec[] {
  const all: OptionSpec = { name: 'all', doc: 'All instances of the project that it applies to' };
  const stopping: readonly OptionSpec[] = [
    { name: 'force', short: 'f', doc: 'Kill instead of asking for a clean stop' },
    { name: 'timeout', value: 'SECONDS', doc: 'How long to wait for a clean stop (default 600)' },
  ];
  return [
    {
      path: ['start'],
      summary: 'Start instances, or resume paused ones',
      arguments: [instances(true)],
      options: [all, consoleOption],
      load: () => import('./start.ts'),
    },
    {
      path: ['stop'],
      summary: 'Stop instances',
      arguments: [instances(true)],
      options: [all, ...stopping],
      load: () => import('./stop.ts'),
    },
    {
      path: ['restart'],
      summary: 'Restart instances',
      arguments: [instances(true)],
      options: [all, ...stopping, consoleOption],
      load: () => import('./restart.ts'),
    },
    {
      path: ['pause'],
      aliases: ['freeze'],
      summary: 'Pause instances',
      arguments: [instances(true)],
      options: [all],
      load: () => import('./pause.ts'),
    },
    {
      path: ['resume'],
      aliases: ['unfreeze'],
      summary: 'Resume paused instances',
      arguments: [instances(true)],
      options: [all],
      load: () => import('./resume.ts'),
    },
  ];
}

function sessionCommands(): CommandSpec[] {
  return [
    {
      path: ['exec'],
      summary: 'Run a command in an instance',
      details: `The command is run directly: no shell interprets it. Options are looked for up to the first word of the command, or "--".
While the instance boots the command waits for it, at most until 15 seconds after the start, unless --no-wait is given.
With a terminal on stdin and stdout the command gets a terminal too; else three pipes, which stay apart.
SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGABRT, SIGUSR1 and SIGUSR2 are passed on to the command.
The exit code is the command's; 128 and the signal's number when a signal ended it, 126 when it cannot be executed, 127
when there is no such command.`,
      arguments: [
        { name: 'instance', complete: 'instances' },
        { name: 'command', variadic: true },
      ],
      options: [
        { name: 'env', value: 'KEY=VALUE', repeatable: true, doc: 'Environment variable of the command' },
        {
          name: 'mode',
          value: 'MODE',
          doc: 'auto, interactive or non-interactive (default "auto")',
          complete: ['auto', 'interactive', 'non-interactive'],
        },
        { name: 'force-interactive', short: 't', doc: 'Give the command a terminal' },
        { name: 'force-noninteractive', short: 'T', doc: 'Give the command no terminal' },
        { name: 'disable-stdin', short: 'n', doc: 'Give the command an empty stdin' },
        { name: 'user', value: 'UID', doc: 'User id to run as (default 0)' },
        { name: 'group', value: 'GID', doc: 'Group id to run as (default 0)' },
        { name: 'cwd', value: 'DIRECTORY', doc: 'Directory to run in (default the home directory)' },
        { name: 'no-wait', doc: 'Run it at once, even while the instance boots' },
        {
          name: 'detach',
          short: 'd',
          doc: 'Start it as a session, and print the name that yurt attach takes it up by',
        },
      ],
      examples: [
        ['yurt exec web -- apt-get update', 'a command with arguments'],
        ["yurt exec web -- sh -c 'echo $HOME'", 'a shell, where one is wanted'],
        ['tar c . | yurt exec web --cwd /srv -- tar x', 'files into the instance'],
        ['yurt exec --detach web -- make -C /src', 'a command that a lost connection does not end'],
      ],
      passThrough: true,
      load: () => import('./exec.ts'),
    },
    {
      path: ['shell'],
      summary: "Open root's login shell in an instance",
      details: 'The same as yurt exec INSTANCE -- su -l, or /bin/sh -l where there is no su.',
      arguments: [{ name: 'instance', complete: 'instances' }],
      load: () => import('./shell.ts'),
    },
    {
      path: ['console'],
      summary: "Attach to an instance's console",
      details: 'Ctrl+a q detaches; ctrl+a ctrl+a sends one ctrl+a.',
      arguments: [{ name: 'instance', complete: 'instances' }],
      options: [
        { name: 'show-log', doc: 'Print what the console has printed so far, and end' },
        { name: 'force', short: 'f', doc: 'End the session of whoever is attached' },
        { name: 'type', short: 't', value: 'TYPE', doc: 'console, the only one there is', complete: ['console'] },
      ],
      load: () => import('./console.ts'),
    },
  ];
}

function imageCommands(): CommandSpec[] {
  return [
    {
      path: ['image', 'list'],
      aliases: ['ls'],
      summary: 'List images',
      details: `Filters are beginnings of aliases or fingerprints, or property=value; all must hold.

Columns: {COLUMNS}`,
      arguments: [{ name: 'filter', optional: true, variadic: true, complete: 'images', remote: 'shared' }],
      options: [
        { name: 'columns', short: 'c', value: 'COLUMNS', doc: 'Columns to show (default "lfpdatsu")' },
        formatOption(),
        allProjectsOption(),
      ],
      load: () => import('./image-list.ts'),
    },
    {
      path: ['image', 'build'],
      summary: 'Build an image from a recipe',
      details: `The image is a name that a recipe of the server builds, or a file with a recipe of your own: a path that begins with
"/" or "./", or that ends in .yaml or .yml; "-" reads it from stdin. Recipes run programs as root on the server.`,
      arguments: [{ name: 'image', optional: true, complete: 'buildable-images' }],
      options: [
        {
          name: 'alias',
          value: 'ALIAS',
          repeatable: true,
          doc: 'Alias of the new image (default the name that the recipe gives)',
        },
        { name: 'release', value: 'RELEASE', doc: 'Release to build, for a recipe with several' },
        { name: 'list', doc: 'List the recipes of the server instead' },
        formatOption(),
      ],
      examples: [
        ['yurt image build --list', 'what can be built'],
        ['yurt image build debian/12', 'an image "debian/12"'],
        ['yurt image build ./mine.yaml --alias mine', 'from a recipe of your own'],
      ],
      load: () => import('./image-build.ts'),
    },
    {
      path: ['image', 'info'],
      summary: 'Show an image',
      arguments: [{ name: 'image', complete: 'images' }],
      load: () => import('./image-info.ts'),
    },
    {
      path: ['image', 'delete'],
      aliases: ['rm'],
      summary: 'Delete images',
      arguments: [{ name: 'image', variadic: true, complete: 'images' }],
      load: () => import('./image-delete.ts'),
    },
  ];
}

function listingCommands(): CommandSpec[] {
  return [
    {
      path: ['profile', 'list'],
      aliases: ['ls'],
      summary: 'List profiles',
      details: 'Columns: {COLUMNS}',
      options: [columnsOption(), formatOption(), allProjectsOption()],
      load: () => import('./profile-list.ts'),
    },
    {
      path: ['network', 'list'],
      aliases: ['ls'],
      summary: 'List networks',
      details: 'Columns: {COLUMNS}',
      options: [columnsOption(), formatOption()],
      load: () => import('./network-list.ts'),
    },
    {
      path: ['storage', 'list'],
      aliases: ['ls'],
      summary: 'List storage pools',
      details: 'Columns: {COLUMNS}',
      options: [columnsOption(), formatOption()],
      load: () => import('./storage-list.ts'),
    },
    {
      path: ['operation', 'list'],
      aliases: ['ls'],
      summary: 'List operations',
      options: [formatOption(), allProjectsOption()],
      load: () => import('./operation-list.ts'),
    },
    {
      path: ['operation', 'show'],
      summary: 'Show an operation as YAML',
      arguments: [{ name: 'operation', complete: 'operations' }],
      load: () => import('./operation-show.ts'),
    },
    {
      path: ['operation', 'delete'],
      aliases: ['cancel'],
      summary: 'Cancel an operation',
      arguments: [{ name: 'operation', complete: 'operations' }],
      load: () => import('./operation-delete.ts'),
    },
  ];
}

function serverCommands(): CommandSpec[] {
  return [
    {
      path: ['monitor'],
      summary: 'Show what happens on the server',
      options: [
        {
          name: 'type',
          value: 'TYPE',
          repeatable: true,
          doc: 'lifecycle, operation, logging or audit; all without it',
          complete: ['lifecycle', 'operation', 'logging', 'audit'],
        },
        allProjectsOption(),
        { name: 'pretty', doc: 'One line for each event, the same as --format=pretty' },
        {
          name: 'format',
          short: 'f',
          value: 'FORMAT',
          doc: 'json, yaml or pretty (default "yaml")',
          complete: ['json', 'yaml', 'pretty'],
        },
      ],
      load: () => import('./monitor.ts'),
    },
    {
      path: ['version'],
      summary: 'Show the versions of this program and of the server',
      load: () => import('./version.ts'),
    },
    {
      path: ['shutdown'],
      summary: 'Stop all instances, then the server',
      options: [
        {
          name: 'timeout',
          short: 't',
          value: 'SECONDS',
          doc: 'How long to wait for a clean stop of each instance (default its own setting)',
        },
      ],
      load: () => import('./shutdown.ts'),
    },
  ];
}

function programCommands(): CommandSpec[] {
  return [
    {
      path: ['completion'],
      summary: 'Print the completion script for a shell',
      details: 'Words are completed by yurt itself, names of instances and images by the server.',
      arguments: [{ name: 'shell', complete: ['bash', 'zsh', 'fish'] }],
      examples: [
        ['eval "$(yurt completion bash)"', 'in ~/.bashrc'],
        ['eval "$(yurt completion zsh)"', 'in ~/.zshrc, after compinit'],
        ['yurt completion fish | source', 'in ~/.config/fish/config.fish'],
      ],
      withoutServer: true,
      load: () => import('./completion.ts'),
    },
    {
      path: ['help'],
      summary: 'Show help for a command',
      arguments: [{ name: 'command', optional: true, variadic: true, complete: 'commands' }],
      withoutServer: true,
      load: () => import('./help.ts'),
    },
    {
      path: ['complete'],
      summary: 'Answer the completion script of a shell',
      arguments: [{ name: 'word', optional: true, variadic: true }],
      hidden: true,
      load: () => import('./complete.ts'),
    },
  ];
}
