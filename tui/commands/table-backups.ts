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
  ];
}
