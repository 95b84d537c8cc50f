import { mkdir, readFile, rm } from 'node:fs/promises';
import type { KeyPair } from '../../proto/remote/certificate.ts';
import { Failure } from '../client/failure.ts';
import { type Environment, replaceFile, settingsDirectory } from './settings.ts';

/** What this user is known by on servers: `client.crt` and `client.key`, made on first use. */
export async function clientKeyPair(env: Environment): Promise<KeyPair> {
  const directory = directoryOf(env);
  const [certificatePem, keyPem] = await Promise.all([
    readOptional(`${directory}/client.crt`),
    readOptional(`${directory}/client.key`),
  ]);
  if (certificatePem !== undefined && keyPem !== undefined) return { certificatePem, keyPem };
  const [{ makeKeyPair }, { hostname, userInfo }] = await Promise.all([
    import('../../proto/remote/certificate.ts'),
    import('node:os'),
  ]);
  const pair = await makeKeyPair({ commonName: `${userInfo().username}@${hostname()}`.slice(0, 64), use: 'client' });
  // The certificate is there last: with it, the key is its own.
  await rm(`${directory}/client.crt`, { force: true });
  replaceFile(`${directory}/client.key`, pair.keyPem);
  replaceFile(`${directory}/client.crt`, pair.certificatePem);
  return pair;
}

/** The certificate that a server showed when it was added. A `Failure` when it is missing. */
export async function pinnedCertificate(env: Environment, remote: string): Promise<string> {
  const pem = await readOptional(pinnedPath(env, remote));
  if (pem === undefined) {
    throw new Failure(`The certificate of remote "${remote}" is missing: remove the remote and add it again`);
  }
  return pem;
}

export async function pinCertificate(env: Environment, remote: string, pem: string): Promise<void> {
  await mkdir(`${directoryOf(env)}/servercerts`, { recursive: true, mode: 0o700 });
  replaceFile(pinnedPath(env, remote), pem);
}

export async function unpinCertificate(env: Environment, remote: string): Promise<void> {
  await rm(pinnedPath(env, remote), { force: true });
}

/** Names of remotes have no slashes: `remote add` sees to it, and `config.yml` is its user's own. */
function pinnedPath(env: Environment, remote: string): string {
  if (!remoteNamePattern.test(remote)) throw new Failure(`"${remote}" cannot be the name of a remote`);
  return `${directoryOf(env)}/servercerts/${remote}.crt`;
}

export const remoteNamePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;

function directoryOf(env: Environment): string {
  const directory = settingsDirectory(env);
  if (directory === undefined) throw new Failure('There is no place for keys: neither HOME nor YURT_CONF is set');
  return directory;
}

async function readOptional(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException; // what readFile throws
    if (code === 'ENOENT') return undefined;
    throw new Failure(`Cannot read ${path}: ${code}`, { cause: error });
  }
}
