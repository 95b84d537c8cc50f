import type { ArgumentSpec, CommandSpec, OptionSpec } from './command.ts';

const recursive: OptionSpec = { name: 'recursive', short: 'r', doc: 'Directories with all that lies in them' };
const archive: OptionSpec = {
  name: 'archive',
  short: 'a',
  doc: 'With -r: keep owners (by number), times, set-id bits and all extended attributes, also of what exists',
};
const createDirs: OptionSpec = { name: 'create-dirs', short: 'p', doc: 'Make missing directories on the way' };

function owners(what: string): readonly OptionSpec[] {
  return [
    { name: 'uid', value: 'UID', doc: `Owner of ${what}, a number` },
    { name: 'gid', value: 'GID', doc: `Group of ${what}, a number` },
    { name: 'mode', value: 'MODE', doc: `Permissions of ${what}, in octal` },
  ];
}

const links: readonly OptionSpec[] = [
  { name: 'no-dereference', short: 'P', doc: 'Take symbolic links as links' },
  { name: 'dereference-arguments', short: 'H', doc: 'Follow symbolic links that are given as sources' },
  { name: 'dereference', short: 'L', doc: 'Follow all symbolic links' },
];

function files(name: string): ArgumentSpec {
  return { name, variadic: true, complete: 'instances' };
}

/** `yurt file …`. */
export const fileCommands: readonly CommandSpec[] = [
  {
    path: ['file', 'push'],
    summary: 'Copy files into an instance',
    details: `The arguments are one or more local sources and a target, INSTANCE/PATH. "-" is stdin. A target that is a directory, or
ends in "/", takes the files under their own names; several sources, or -r, need a directory. With -r a directory goes
into the target under its own name, "./" and "dir/." mean what lies in it.

New files have owner, group and mode of the source unless --uid, --gid or --mode say otherwise; a file that exists keeps
its own. It is replaced when all of the new content is there.`,
    arguments: [{ name: 'source', variadic: true, remote: 'shared' }],
    options: [recursive, createDirs, archive, ...owners('files'), ...links],
    examples: [
      ['yurt file push hosts web/etc/hosts', 'one file'],
      ['yurt file push -r ./site web/srv/ --uid 33 --gid 33', 'a directory, as /srv/site'],
      ['dump | yurt file push - web/root/dump.sql', 'from a pipe'],
    ],
    load: () => import('./file-push.ts'),
  },
  {
    path: ['file', 'pull'],
    summary: 'Copy files out of an instance',
    details: `The arguments are one or more sources, INSTANCE/PATH, and a local target; "-" is stdout. With -r directories come with all
that lies in them. A symbolic link comes as a link unless -H or -L is given or the target is "-".

Files belong to you; with -a they keep their owners and everything else, so that a tree can go back as it was.`,
    arguments: [{ ...files('source'), remote: 'shared' }],
    options: [recursive, createDirs, archive, ...links],
    examples: [
      ['yurt file pull web/etc/hosts .', 'one file'],
      ['yurt file pull -r web/var/log ./logs -p', 'a directory, as ./logs/log'],
      ['yurt file pull web/etc/os-release - | grep ID', 'to a pipe'],
    ],
    load: () => import('./file-pull.ts'),
  },
  {
    path: ['file', 'list'],
    aliases: ['ls'],
    summary: 'List a directory of an instance',
    details:
      'Of anything but a directory, the one entry. Names that are no UTF-8 are also given in base64 (json, yaml).',
    arguments: [{ name: 'path', complete: 'instances' }],
    options: [
      { name: 'long', short: 'l', doc: 'With permissions, owners, size and time of the last change' },
      {
        name: 'format',
        short: 'f',
        value: 'FORMAT',
        doc: 'csv, json, table, yaml or compact, with ",noheader" or ",header" after it (default "compact,noheader")',
        complete: ['csv', 'json', 'table', 'yaml', 'compact'],
      },
    ],
    examples: [['yurt file list web/etc -l', 'the files of /etc']],
    load: () => import('./file-list.ts'),
  },
  {
    path: ['file', 'create'],
    summary: 'Create a file, directory or symbolic link in an instance',
    details: `A path that ends in "/" is a directory. What exists is an error unless -f is given; a directory that is there stays then.`,
    arguments: [
      { name: 'path', complete: 'instances' },
      { name: 'target', optional: true },
    ],
    options: [
      createDirs,
      { name: 'force', short: 'f', doc: 'Replace what exists' },
      { name: 'type', value: 'TYPE', doc: 'file, directory or symlink', complete: ['file', 'directory', 'symlink'] },
      ...owners('what is created'),
    ],
    examples: [
      ['yurt file create web/srv/data/', 'a directory'],
      ['yurt file create --type=symlink web/srv/current data', 'a link to "data"'],
    ],
    load: () => import('./file-create.ts'),
  },
  {
    path: ['file', 'edit'],
    summary: 'Edit a file of an instance',
    details:
      'With $VISUAL, $EDITOR or a usual editor; when stdin is no terminal, its content becomes that of the file.',
    arguments: [{ name: 'path', complete: 'instances' }],
    load: () => import('./file-edit.ts'),
  },
  {
    path: ['file', 'delete'],
    aliases: ['rm'],
    summary: 'Delete files of an instance',
    arguments: [files('path')],
    options: [
      { name: 'force', short: 'f', doc: 'Say nothing of what does not exist' },
      { name: 'recursive', short: 'r', doc: 'Directories with all that lies in them' },
    ],
    load: () => import('./file-delete.ts'),
  },
];
