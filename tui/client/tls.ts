import { X509Certificate } from 'node:crypto';
import { connect, type TLSSocket } from 'node:tls';
import { fingerprintOf } from '../../proto/remote/fingerprint.ts';
import type { Dialer } from './dialer.ts';
import { Failure } from './failure.ts';

/** To the end of the handshake: a host that drops packets must not hold a command for minutes. */
const connectTimeoutMs = 10_000;
const pingIntervalMs = 15_000;

/** Where a server is on the network, who it must be, and who we are. */
export interface TlsTarget {
  readonly host: string;
  readonly port: number;
  /** The certificate that the server must show: PEM. */
  readonly serverCertificatePem: string;
  readonly certificatePem: string;
  readonly keyPem: string;
}

/** The way to a server on the network. Another certificate than the pinned one is refused before anything is sent. */
export function tlsDialer(target: TlsTarget): Dialer {
  const place = placeOf(target);
  const pinned = fingerprintOf(new X509Certificate(target.serverCertificatePem).raw);
  return {
    pingIntervalMs,
    readyEvent: 'secureConnect',
    dial: () => {
      const socket = connect({
        ...optionsOf(target),
        ca: target.serverCertificatePem,
        allowPartialTrustChain: true,
        checkServerIdentity: (_host, { raw }) => (fingerprintOf(raw) === pinned ? undefined : new Error(changed)),
      });
      return limited(socket);
    },
    whyUnreachable: async (failure) => `Cannot reach ${place}: ${reasonOf(failure)}`,
  };
}

/** The certificate that a server shows, in PEM, whoever it is. A `Failure` when nobody answers. */
export async function fetchServerCertificate(
  target: Omit<TlsTarget, 'serverCertificatePem'>,
): Promise<{ readonly pem: string; readonly fingerprint: string }> {
  return await new Promise((resolve, reject) => {
    const socket = limited(connect({ ...optionsOf(target), rejectUnauthorized: false }));
    socket.once('secureConnect', () => {
      const certificate = socket.getPeerX509Certificate();
      socket.destroy();
      if (certificate === undefined) reject(new Failure(`${placeOf(target)} shows no certificate`));
      else resolve({ pem: certificate.toString(), fingerprint: fingerprintOf(certificate.raw) });
    });
    socket.once('error', (error) => {
      reject(
        new Failure(`Cannot reach ${placeOf(target)}: ${reasonOf(error)}`, { status: 'unavailable', cause: error }),
      );
    });
  });
}

function optionsOf({ host, port, certificatePem, keyPem }: Omit<TlsTarget, 'serverCertificatePem'>) {
  return { host, port, cert: certificatePem, key: keyPem, minVersion: 'TLSv1.3', ALPNProtocols: ['h2'] } as const;
}

function limited(socket: TLSSocket): TLSSocket {
  const timer = setTimeout(() => {
    socket.destroy(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' }));
  }, connectTimeoutMs);
  socket.once('secureConnect', () => clearTimeout(timer));
  socket.once('close', () => clearTimeout(timer));
  return socket.setNoDelay(true);
}

function placeOf({ host, port }: { readonly host: string; readonly port: number }): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

const changed =
  'it shows another certificate than the one that was trusted. Somebody may be in between; if the server was set up anew, remove the remote and add it again';

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nobody listens there',
  ECONNRESET: 'the server closed the connection',
  EHOSTUNREACH: 'there is no way to that host',
  ENETUNREACH: 'there is no way to that network',
  ENOTFOUND: 'the name is not known',
  EAI_AGAIN: 'the name cannot be resolved',
  ETIMEDOUT: 'no answer in time',
  ERR_SSL_WRONG_VERSION_NUMBER: 'what listens there does not speak TLS',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'what listens there does not speak TLS',
};

function reasonOf(failure: Error | undefined): string {
  if (failure === undefined) return 'the server closed the connection';
  const { code = '' } = failure as NodeJS.ErrnoException; // of node:net and node:tls
  if (/SELF_SIGNED|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER|CERT_SIGNATURE|SIGNATURE_FAILURE/.test(code)) return changed;
  return reasons[code] ?? failure.message;
}
