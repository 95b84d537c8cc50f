import { isNamedOnServers, serverAndName } from '../arguments/remote-words.ts';
import type { CommandContext } from '../commands/command.ts';
import type { Names, Place } from './candidates.ts';
import { serverNames } from './server-names.ts';

/** Nobody waits longer for a server on the network, whatever hinders it. */
const longestMs = 1_500;

/**
 * Names of the server that the words name: of `far` for `far:w` and for what follows `far:web`. Names of servers that begin
 * so are among them.
 */
export function wordsOfServers(
  context: CommandContext,
  remotes: () => Promise<readonly string[]>,
  given: string,
): Names {
  const ask: (remote: string) => Names = (remote) => {
    const server = context.on(remote);
    const local = remote === context.global.remote;
    const names = serverNames(() => server.connect(), given || server.global.project, local ? undefined : longestMs);
    return local ? names : async (kind, place) => await Promise.race([names(kind, place), nothingAfter(longestMs)]);
  };
  return async (kind, place) => {
    const known = await remotes();
    if (kind === 'remotes') return known;
    if (kind === 'servers') return known.map((remote) => `${remote}:`);
    const before = place.before.map((word) => serverAndName(word, known));
    const plain: Place = { ...place, before: place.before.map((word, index) => before[index]?.name ?? word) };
    const current = place.argument === true && isNamedOnServers(kind) ? serverAndName(place.current, known) : undefined;
    if (current !== undefined) {
      const names = await ask(current.remote)(kind, { ...plain, current: current.name });
      return names.map((name) => `${current.remote}:${name}`);
    }
    const named = before.findLast((word) => word !== undefined)?.remote;
    const names = await ask(isNamedOnServers(kind) ? context.global.remote : (named ?? context.global.remote))(
      kind,
      plain,
    );
    const others = place.argument === true && isNamedOnServers(kind) && place.current !== '' ? known : [];
    return [...names, ...others.filter((remote) => remote !== context.global.remote).map((remote) => `${remote}:`)];
  };
}

async function nothingAfter(timeoutMs: number): Promise<readonly string[]> {
  return await new Promise((resolve) => setTimeout(() => resolve([]), timeoutMs).unref());
}
