import type { CommandSpec } from './command.ts';

/** Commands that make something else of an instance, and an instance of that. */
export function backupCommands(): CommandSpec[] {
  return [
    {
      path: ['publish'],
      summary: 'Make an image of an instance or a snapshot',
      details: `The image has the properties of the one that the instance was made from, with those that are given in their place; an
empty value removes one. A running instance is refused, unless --force kills it: it is started again as soon as its root is
kept, before the image is written. A snapshot can always be published.`,
      arguments: [
        { name: 'instance', complete: 'instances' },
        { name: 'property', optional: true, variadic: true },
      ],
      options: [
        { name: 'alias', value: 'ALIAS', repeatable: true, doc: 'Alias of the new image' },
        { name: 'reuse', doc: 'Take aliases from other images, and delete those that have no other' },
        { name: 'force', short: 'f', doc: 'Kill a running instance first, and start it again' },
      ],
      examples: [
        ['yurt publish web --alias web/1 description="Web server"', 'an image of a stopped instance'],
        ['yurt publish web/snap0 --alias web --reuse', 'of a snapshot, in place of an older image'],
      ],
      load: () => import('./publish.ts'),
    },
    {
      path: ['export'],
      summary: 'Write an instance to a backup',
      details: `The backup has the root, configuration, devices and snapshots. A running instance goes on: it is held still for the moment
in which its root is kept. The file is INSTANCE.tar.gz (.tar.zst, .tar) unless it is named; "-" is stdout.`,
      arguments: [
        { name: 'instance', complete: 'instances' },
        { name: 'file', optional: true },
      ],
      options: [
        { name: 'instance-only', doc: 'Leave the snapshots out' },
        {
          name: 'compression',
          value: 'NAME',
          doc: 'gzip, zstd or none (default gzip)',
          complete: ['gzip', 'zstd', 'none'],
        },
      ],
      examples: [
        ['yurt export web', 'to web.tar.gz'],
        ['yurt export web - --compression zstd | ssh host yurt import -', 'to another host'],
      ],
      load: () => import('./export.ts'),
    },
    {
      path: ['import'],
      summary: 'Make an instance of a backup',
      details: `The instance has the name in the backup, unless another one is given. What this server does not know of its configuration
is left out, with a warning. "-" reads the backup from stdin. Backups that "lxc export" wrote can be imported too.`,
      arguments: [{ name: 'file' }, { name: 'name', optional: true, remote: 'one' }],
      options: [
        { name: 'storage', short: 's', value: 'POOL', doc: 'Storage pool of the root disk', complete: 'pools' },
        {
          name: 'device',
          short: 'd',
          value: 'DEVICE,KEY=VALUE',
          repeatable: true,
          doc: 'Device of the instance, or options of one that it has',
        },
      ],
      examples: [['yurt import web.tar.gz web2', 'under another name']],
      load: () => import('./import.ts'),
    },
  ];
}
