import type { Project__Output } from '../../proto/gen/yurt/v1/Project.ts';
import { Failure } from '../client/failure.ts';
import type { Context } from '../commands/command.ts';
import type { Reading, Subject } from '../config/subject.ts';
import { projectRecord } from './record.ts';

/** The configuration of a project. */
export async function projectSubject(context: Context, name: string): Promise<Subject> {
  const connection = await context.connect();
  return {
    name,
    label: `project "${name}"`,
    read: async () => readingOf((await connection.call('ProjectService', 'GetProject', { name })).project, name),
    write: async ({ description, config }, etag) => {
      const request = { name, etag, description, config };
      return readingOf((await connection.call('ProjectService', 'UpdateProject', request)).project, name);
    },
  };
}

function readingOf(project: Project__Output | null, name: string): Reading {
  if (project === null) throw new Failure(`The server answered without project "${name}"`);
  const { description, config, etag } = project;
  const content = { description, config, devices: {} };
  return { content, etag, expanded: content, record: () => projectRecord(project) };
}
