import { Failure } from '../client/failure.ts';
import type { Context } from '../commands/command.ts';

const maxAttempts = 10;

/** The client that `tls/laptop` or `laptop` names. */
export function clientWord(word: string): string {
  return word.replace(/^tls\//, '');
}

/** Reads the groups that a client is in, changes and writes them; again when somebody else came in between. */
export async function changeGroups(
  context: Context,
  word: string,
  change: (groups: readonly string[], name: string) => string[],
): Promise<void> {
  const connection = await context.connect();
  for (let attempt = 1; ; attempt += 1) {
    const { client } = await connection.call('TrustService', 'GetTrustedClient', { client: clientWord(word) });
    if (client === null) throw new Failure(`The server answered without client "${word}"`);
    const { name, fingerprint, restricted, projects, expiresAt, etag } = client;
    const rights = { name, restricted, projects, expiresAt, groups: change(client.groups, name) };
    try {
      await connection.call('TrustService', 'UpdateTrustedClient', { client: fingerprint, etag, rights });
      return;
    } catch (error) {
      if (!Failure.is(error, 'conflict') || attempt === maxAttempts) throw error;
    }
  }
}
