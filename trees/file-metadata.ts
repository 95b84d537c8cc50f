import { type BigIntStats, chmodSync, fchmodSync, fchownSync, lchownSync } from 'node:fs';
import { setExtendedAttribute } from '../native/extended-attributes.ts';
import { setModified } from '../native/file-data.ts';
import type { Entry } from '../proto/trees/entry.ts';
import { TreeFault } from '../proto/trees/tree-fault.ts';
import type { WritePolicy } from '../proto/trees/write-policy.ts';

/** What an entry replaces, or what was there. */
export type Existing = Pick<BigIntStats, 'mode' | 'uid' | 'gid'> | undefined;

/** Where an entry is. `path` names it through a descriptor, `shown` is for the user. */
interface Place {
  readonly path: Buffer;
  readonly shown: string;
}

interface Owner {
  /** Undefined: as the system gives it to what is new. */
  readonly uid: number | undefined;
  readonly gid: number | undefined;
}

/** Who owns what an entry becomes. */
function ownerOf(policy: WritePolicy, entry: Entry, existing: Existing): Owner {
  const { owners, uid, gid } = policy;
  const kept = policy.existing === 'keep' ? existing : undefined;
  const source = owners ? entry : undefined;
  return {
    uid: uid ?? (kept === undefined ? source?.uid : Number(kept.uid)),
    gid: gid ?? (kept === undefined ? source?.gid : Number(kept.gid)),
  };
}

function modeOf(policy: WritePolicy, entry: Entry, existing: Existing): number {
  if (entry.kind === 'file' && policy.mode !== undefined) return policy.mode;
  if (policy.existing === 'keep' && existing !== undefined) return Number(existing.mode & 0o7777n);
  return policy.specialBits ? entry.mode : entry.mode & 0o777;
}

/**
 * Gives an open file or directory owner, mode, attributes and time: in this order, for a change of the owner takes
 * set-id bits and capabilities away. `path` names it through a descriptor. Returns what could not be kept.
 */
export function applyMetadata(
  policy: WritePolicy,
  entry: Entry,
  existing: Existing,
  { fd, path, shown }: Place & { readonly fd: number },
): string[] {
  const { uid, gid } = ownerOf(policy, entry, existing);
  changeOwner({ uid, gid }, shown, (owner, group) => fchownSync(fd, owner, group));
  fchmodSync(fd, modeOf(policy, entry, existing));
  const lost = applyAttributes(policy, entry, path);
  if (policy.times) setModified(path, BigInt(entry.seconds), BigInt(entry.nanoseconds));
  return lost;
}

/** The same for a symbolic link, which has no mode and cannot be opened. */
export function applyLinkMetadata(policy: WritePolicy, entry: Entry, { path, shown }: Place): string[] {
  const { uid, gid } = ownerOf(policy, entry, undefined);
  changeOwner({ uid, gid }, shown, (owner, group) => lchownSync(path, owner, group));
  const lost = applyAttributes(policy, entry, path);
  if (policy.times) setModified(path, BigInt(entry.seconds), BigInt(entry.nanoseconds));
  return lost;
}

/** A directory that is made on the way to the target. */
export function applyParentMetadata(policy: WritePolicy, entry: Entry, path: Buffer, mode: number): void {
  const { uid, gid } = ownerOf(policy, entry, undefined);
  changeOwner({ uid, gid }, path.toString(), (owner, group) => lchownSync(path, owner, group));
  chmodSync(path, mode);
}

/** One that the file system or the rights here do not allow is a warning: the content is worth more. */
function applyAttributes(policy: WritePolicy, { attributes = [] }: Entry, path: Buffer): string[] {
  const lost: string[] = [];
  for (const [name, value] of attributes) {
    if (policy.attributes === 'user' && !name.startsWith('user.')) continue;
    try {
      setExtendedAttribute(path, name, value);
    } catch {
      lost.push(`extended attribute ${name} could not be kept`);
    }
  }
  return lost;
}

/** EINVAL: the user namespace has no such id (user_namespaces(7)). */
function changeOwner({ uid, gid }: Owner, shown: string, change: (uid: number, gid: number) => void): void {
  if (uid === undefined && gid === undefined) return;
  try {
    change(uid ?? -1, gid ?? -1);
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error) || error.code !== 'EINVAL') throw error;
    const owner = `${uid ?? ''}:${gid ?? ''}`;
    throw new TreeFault('EINVAL', `${shown}: its owner would be ${owner}, which the ids here do not reach`, {
      cause: error,
    });
  }
}
