import { Failure } from '../client/failure.ts';
import type { Context } from '../commands/command.ts';
import { type Content, inOrder, type Reading, type Subject } from './subject.ts';

/** The configuration of the server itself: keys, and nothing else. */
export async function serverSubject(context: Context): Promise<Subject> {
  const connection = await context.connect();
  return {
    label: 'the server',
    name: '',
    read: async () => readingOf(await connection.call('ServerService', 'GetServerConfig', {})),
    write: async (content, etag) => {
      if (hasMore(content)) throw new Failure('The server has a config, and no description and devices');
      return readingOf(await connection.call('ServerService', 'UpdateServerConfig', { config: content.config, etag }));
    },
  };
}

function hasMore({ description, devices }: Content): boolean {
  return description !== '' || Object.keys(devices).length > 0;
}

function readingOf({ config, etag }: { readonly config: Record<string, string>; readonly etag: string }): Reading {
  return {
    content: { description: '', config, devices: {} },
    ...{ etag, expanded: { config, devices: {} } },
    record: () => inOrder({ config }),
  };
}
