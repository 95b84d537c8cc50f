import { unknownRemote } from '../arguments/remote-words.ts';
import { type Environment, localRemote, type Settings } from '../settings/settings.ts';
import type { Dialer } from './dialer.ts';
import { Failure } from './failure.ts';
import { socketDialer, socketPath } from './socket.ts';

const defaultPort = 8443;

/** The server that commands are for which name none: `YURT_REMOTE`, else what was switched to. */
export function defaultRemoteOf(env: Environment, settings: Settings, forceLocal: boolean): string {
  if (forceLocal) return localRemote;
  const name = env['YURT_REMOTE'] || settings.defaultRemote;
  if (!Object.hasOwn(settings.remotes, name)) throw unknownRemote(name, Object.keys(settings.remotes));
  return name;
}

/** The way to a remote: this host's socket, or TLS with the certificates of both sides. */
export async function wayTo(env: Environment, settings: Settings, remote: string): Promise<Dialer> {
  if (remote === localRemote) return socketDialer(socketPath(env));
  const { address } = settings.remotes[remote] ?? { address: '' };
  const place = parseAddress(address);
  if (place === undefined) throw new Failure(`The address of remote "${remote}" is wrong: "${address}"`);
  const [{ tlsDialer }, certificates] = await Promise.all([
    import('./tls.ts'),
    import('../settings/client-certificate.ts'),
  ]);
  const [pair, serverCertificatePem] = await Promise.all([
    certificates.clientKeyPair(env),
    certificates.pinnedCertificate(env, remote),
  ]);
  return tlsDialer({ ...place, ...pair, serverCertificatePem });
}

/** `https://host:port`, `host:port`, `host`, with brackets around addresses with colons. Undefined for anything else. */
export function parseAddress(text: string): { readonly host: string; readonly port: number } | undefined {
  const withScheme = text.includes('://') ? text : `https://${text}`;
  if (!withScheme.startsWith('https://') || !URL.canParse(withScheme)) return undefined;
  const { hostname, port, pathname, username, search, hash } = new URL(withScheme);
  if (!/^([A-Za-z0-9._-]+|\[[0-9a-f:.]+\])$/.test(hostname)) return undefined;
  if (username !== '' || pathname !== '/' || search !== '' || hash !== '') return undefined;
  // A URL leaves out the port that is usual for its scheme.
  const given = port !== '' ? Number(port) : /:443\/?$/.test(withScheme) ? 443 : defaultPort;
  return { host: hostname.replace(/^\[(.*)\]$/, '$1'), port: given };
}

export function formatUrl({ host, port }: { readonly host: string; readonly port: number }): string {
  return host.includes(':') ? `https://[${host}]:${port}` : `https://${host}:${port}`;
}
