import { Failure } from '../client/failure.ts';
import type { ArgumentSpec, CommandSpec } from '../commands/command.ts';
import { suggestion } from './nearest.ts';

/** The part of a command line that is for one server, without its name. */
export interface RemoteWords {
  readonly remote: string;
  readonly arguments: readonly string[];
  /** The servers that arguments name, for a command that is for several at once. */
  readonly remotes?: readonly (string | undefined)[];
}

/** Arguments that are completed with these name something that a server has. */
const namesOfServers: readonly string[] = [
  'instances',
  'instances-and-snapshots',
  'images',
  'buildable-images',
  'profiles',
  'networks',
  'pools',
  'operations',
  'sessions',
  'projects',
  'groups',
  'identities',
];

/**
 * Takes the names of servers off the arguments of a command: `web`, `server:web`, `server:`. What is nothing without that
 * name is left out. Arguments for several servers become several commands, in their order. A `Failure` for servers that
 * nobody added, and for a command that would need two at once.
 */
export function splitRemotes(
  spec: Pick<CommandSpec, 'arguments' | 'withoutServer'>,
  args: readonly string[],
  known: readonly string[],
  fallback: string,
): readonly RemoteWords[] {
  if (spec.withoutServer === true) return [{ remote: fallback, arguments: args }];
  const words = args.map((arg, index) => wordOf(kindOf(spec.arguments ?? [], index), arg, known));
  if (words.some(({ kind }) => kind === 'own')) {
    return [{ remote: fallback, arguments: words.map(({ text }) => text), remotes: words.map(({ remote }) => remote) }];
  }
  const keep = (some: readonly Word[]) => some.filter(({ dropped }) => !dropped).map(({ text }) => text);
  const each = words.filter(({ kind }) => kind === 'each');
  if (each.length > 0) {
    const remotes = [...new Set(each.map(({ remote = fallback }) => remote))];
    return remotes.map((remote) => ({
      remote,
      arguments: keep(words.filter((word) => word.kind !== 'each' || (word.remote ?? fallback) === remote)),
    }));
  }
  return [{ remote: onlyRemote(spec, words, fallback), arguments: keep(words) }];
}

/** Whether what is completed with these names may have the name of a server before it. */
export function isNamedOnServers(completion: string): boolean {
  return namesOfServers.includes(completion);
}

/** `far:web` as `far` and `web`; undefined unless it begins with the name of a server that was added. */
export function serverAndName(
  word: string,
  known: readonly string[],
): { readonly remote: string; readonly name: string } | undefined {
  const [, remote = '', name = ''] = serverPattern.exec(word) ?? [];
  return known.includes(remote) ? { remote, name } : undefined;
}

const serverPattern = /^([A-Za-z0-9][A-Za-z0-9._-]*):(.*)$/s;

interface Word {
  readonly kind: Kind;
  readonly remote: string | undefined;
  readonly text: string;
  readonly dropped: boolean;
}

type Kind = NonNullable<ArgumentSpec['remote']>;

function kindOf(specs: readonly ArgumentSpec[], index: number): Kind {
  if (specs.length === 0) return index === 0 ? 'one' : 'none';
  const at = Math.min(index, specs.length - 1);
  const spec = specs[at];
  if (spec === undefined || spec.remote !== undefined) return spec?.remote ?? 'none';
  const first = at === 0 && typeof spec.complete === 'string' && namesOfServers.includes(spec.complete);
  return first ? (spec.variadic === true ? 'each' : 'one') : 'none';
}

function wordOf(kind: Kind, arg: string, known: readonly string[]): Word {
  const [, remote, text = ''] = serverPattern.exec(arg) ?? [];
  const plain = { kind, remote: undefined, text: arg, dropped: false };
  if (kind === 'none' || remote === undefined) return plain;
  if (known.includes(remote)) return { kind, remote, text, dropped: text === '' };
  // A file of this host, a filter.
  if (kind === 'shared' && text !== '') return plain;
  throw unknownRemote(remote, known);
}

/** The last argument that may name a server decides; those before it follow, or name the same. */
function onlyRemote(spec: Pick<CommandSpec, 'arguments'>, words: readonly Word[], fallback: string): string {
  const named = words.filter(({ remote }) => remote !== undefined);
  const last = words.findLast(({ kind }) => kind === 'one');
  const lastIsMissing = (spec.arguments ?? []).some(({ remote }, index) => remote === 'one' && index >= words.length);
  const shared = named.find(({ kind }) => kind === 'shared')?.remote;
  const remote = lastIsMissing ? fallback : (last?.remote ?? shared ?? fallback);
  const other = named.find((word) => word.remote !== remote);
  if (other !== undefined) {
    const hint = `Write "${other.remote}:" before the name of what it is for, too`;
    throw new Failure(`One command cannot be for "${remote}" and for "${other.remote}". ${hint}`);
  }
  return remote;
}

export function unknownRemote(remote: string, known: readonly string[]): Failure {
  return new Failure(`The remote "${remote}" does not exist${suggestion(remote, known)}`);
}
