import { maxPathBytes } from '../trees/entry.ts';
import { TreeFault } from '../trees/tree-fault.ts';
import { parsePolicy, type WritePolicy } from '../trees/write-policy.ts';
import { encodeFrame, maxFrameToAgentBytes, ProtocolError } from './frame.ts';

/** Work on the files of an instance. All paths are absolute, in the instance, in whatever bytes its file system has. */
export type FilesRequest =
  /** Writes the tree that comes on stdin to `target`. */
  | { readonly work: 'push'; readonly target: Buffer; readonly policy: WritePolicy }
  /** Sends the trees at `paths` on stdout. */
  | {
      readonly work: 'pull';
      readonly paths: readonly Buffer[];
      readonly follow: FollowMode;
      readonly recursive: boolean;
    }
  /** Sends the entry of what `path` names or, if it is a directory, of all that lies in it. */
  | { readonly work: 'list'; readonly path: Buffer }
  /** Removes files and empty directories, with `recursive` others too; with `force`, what does not exist is no fault. */
  | {
      readonly work: 'delete';
      readonly paths: readonly Buffer[];
      readonly recursive: boolean;
      readonly force: boolean;
    };

export const followModes = ['never', 'arguments', 'always'] as const;
/** Which symbolic links mean what they lead to. */
export type FollowMode = (typeof followModes)[number];

export const maxPaths = 1_024;

/** The first frame of the session: JSON in which each character of a path stands for a byte. */
export function encodeFilesRequest(request: FilesRequest): Buffer {
  const json = JSON.stringify(request, (_key, value: unknown) =>
    isBufferJson(value) ? Buffer.from(value.data).toString('latin1') : value,
  );
  return encodeFrame('files', Buffer.from(json, 'utf8'));
}

/** Throws a ProtocolError that says what is wrong. */
export function parseFilesRequest(data: Buffer): FilesRequest {
  const fields = parseObject(data);
  const recursive = fields['recursive'] === true;
  switch (fields['work']) {
    case 'push':
      return { work: 'push', target: pathOf(fields['target']), policy: policyOf(fields['policy']) };
    case 'pull': {
      const follow = followModes.find((mode) => mode === fields['follow']);
      if (follow === undefined) throw new ProtocolError('Invalid follow');
      return { work: 'pull', paths: pathsOf(fields['paths']), follow, recursive };
    }
    case 'list':
      return { work: 'list', path: pathOf(fields['path']) };
    case 'delete':
      return { work: 'delete', paths: pathsOf(fields['paths']), recursive, force: fields['force'] === true };
    default:
      throw new ProtocolError('Invalid work');
  }
}

/** What Buffer's own toJSON has made of one before a replacer sees it. */
function isBufferJson(value: unknown): value is { readonly data: readonly number[] } {
  return typeof value === 'object' && value !== null && 'type' in value && value.type === 'Buffer' && 'data' in value;
}

function parseObject(data: Buffer): Readonly<Record<string, unknown>> {
  if (data.length > maxFrameToAgentBytes) throw new ProtocolError(`A request of ${data.length} bytes`);
  let value: unknown;
  try {
    value = JSON.parse(data.toString('utf8'));
  } catch {
    throw new ProtocolError('A request that is not JSON');
  }
  if (typeof value !== 'object' || value === null) throw new ProtocolError('A request that is not an object');
  return value as Readonly<Record<string, unknown>>; // any object is one
}

function policyOf(value: unknown): WritePolicy {
  try {
    return parsePolicy(value);
  } catch (error) {
    if (error instanceof TreeFault) throw new ProtocolError(error.message);
    throw error;
  }
}

function pathsOf(value: unknown): Buffer[] {
  if (!Array.isArray(value) || value.length === 0 || value.length > maxPaths) throw new ProtocolError('Invalid paths');
  return value.map(pathOf);
}

function pathOf(value: unknown): Buffer {
  const path = typeof value === 'string' ? Buffer.from(value, 'latin1') : Buffer.alloc(0);
  if (path[0] !== 0x2f || path.includes(0) || path.length > maxPathBytes) throw new ProtocolError('Invalid path');
  return path;
}
