import { createPrivateKey, X509Certificate } from 'node:crypto';
import { mkdir, readFile, rm } from 'node:fs/promises';
import type { KeyPair } from '../../proto/remote/certificate.ts';
import { Failure } from '../client/failure.ts';
import { type Environment, replaceFile, settingsDirectory } from './settings.ts';

/** What this user is known by on servers: `client.crt` and `client.key`, made on first use. */
export async function clientKeyPair(env: Environment): Promise<KeyPair> {
  const directory = directoryOf(env);
  const kept = await keptPair(directory);
  if (kept !== undefined) return kept;
  const { locked } = await import('./lock.ts');
  // Whoever else makes one at the same time would take away what servers were just told to trust.
  return await locked(
    `${directory}/client.crt`,
    async () => (await keptPair(directory)) ?? (await makePair(directory)),
  );
}

async function keptPair(directory: string): Promise<KeyPair | undefined> {
  const [certificatePem, keyPem] = await Promise.all([
    readOptional(`${directory}/client.crt`),
    readOptional(`${directory}/client.key`),
  ]);
  if (certificatePem === undefined || keyPem === undefined) return undefined;
  checkPair(directory, { certificatePem, keyPem });
  return { certificatePem, keyPem };
}

/** A `Failure` for files that TLS would only call wrong. */
function checkPair(directory: string, { certificatePem, keyPem }: KeyPair): void {
  let fits = false;
  let cause: unknown;
  try {
    fits = new X509Certificate(certificatePem).checkPrivateKey(createPrivateKey(keyPem));
  } catch (error) {
    cause = error;
  }
  if (fits) return;
  const remedy = 'remove both files to get new ones, which servers do not trust yet';
  throw new Failure(`${directory}/client.crt and client.key are no certificate and its key: ${remedy}`, { cause });
}

async function makePair(directory: string): Promise<KeyPair> {
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
