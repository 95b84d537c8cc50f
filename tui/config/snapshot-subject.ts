import { isDeepStrictEqual } from 'node:util';
import type { Snapshot__Output } from '../../proto/gen/yurt/v1/Snapshot.ts';
import { Failure } from '../client/failure.ts';
import type { Context } from '../commands/command.ts';
import { devicesRecord } from '../instances/record.ts';
import { dateOf, isoOf } from '../output/units.ts';
import { readSnapshot } from '../snapshots/read.ts';
import { snapshotRecord } from '../snapshots/record.ts';
import type { SnapshotReference } from '../snapshots/reference.ts';
import { inOrder, type Reading, type Subject } from './subject.ts';

/** What a snapshot has kept. When it expires can be changed, and nothing else. */
export function snapshotSubject(context: Context, reference: SnapshotReference): Subject {
  const { instance, name } = reference;
  const read = async () => readingOf(await readSnapshot(context, reference));
  return {
    label: `snapshot "${instance}/${name}"`,
    name,
    read,
    write: async (content, etag) => {
      const now = await read();
      if (now.etag !== etag) {
        throw new Failure(`Snapshot "${name}" was changed by somebody else in the meantime`, { status: 'conflict' });
      }
      const { expiresAt: expiry = '', ...kept } = content;
      const { expiresAt: before, ...was } = now.content;
      if (!isDeepStrictEqual(kept, was)) throw new Failure('Of a snapshot expires_at can be changed, and nothing else');
      if (expiry === before) return now;
      const connection = await context.connect();
      const { project } = context.global;
      await connection.call('SnapshotService', 'SetSnapshotExpiry', { project, instance, name, expiry });
      return await read();
    },
  };
}

function readingOf(snapshot: Snapshot__Output): Reading {
  const { description, config, ephemeral, profiles, expiresAt } = snapshot;
  const own = { config, devices: devicesRecord(snapshot.devices) };
  const expiry = expiresAt === null ? '' : isoOf(dateOf(expiresAt));
  return {
    content: { description, ...own, ephemeral, profiles, expiresAt: expiry },
    etag: expiry,
    expanded: own, // it keeps the names of profiles, not what they said
    record: () => inOrder(snapshotRecord(snapshot)),
  };
}
