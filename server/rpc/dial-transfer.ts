import { X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { Client, type ClientDuplexStream, credentials, type ServiceError } from '@grpc/grpc-js';
import { loadApi } from '../../proto/api.ts';
import type { TransferFrame, TransferFrame__Output } from '../../proto/gen/yurt/v1/TransferFrame.ts';
import type { TransferServiceDefinition } from '../../proto/gen/yurt/v1/TransferService.ts';
import { fingerprintOf } from '../../proto/remote/fingerprint.ts';
import { Fault } from '../base/fault.ts';
import { formatAddress, type ListenAddress, parseListenAddress } from '../base/listen-address.ts';
import { untilAborted } from '../base/until-aborted.ts';
import type { Channel } from '../transfers/channel.ts';
import { FrameChannel } from './frame-channel.ts';

/** Another server, and the end there. */
export interface TransferPeer {
  /** `host:port`, tried one after the other. */
  readonly addresses: readonly string[];
  /** What it must show: PEM. */
  readonly certificatePem: string;
  readonly secret: string;
}

/** Who this server is to others. */
export interface OwnCertificate {
  readonly certificatePem: string;
  readonly keyPem: string;
}

const maxAddresses = 16;
/** To the answer to the secret, at one address. */
const connectTimeoutMs = 10_000;
/** How long what was said last may be on its way before the connection ends. */
const lingerMs = 5_000;
const windowBytes = 4 * 1024 * 1024;

const channelOptions = {
  'grpc.keepalive_time_ms': 15_000,
  'grpc.keepalive_timeout_ms': 10_000,
  'grpc.max_receive_message_length': 256 * 1024,
  'grpc-node.flow_control_window': windowBytes,
  // A secret is good once; nothing is sent again, or by a way that the environment names.
  'grpc.enable_retries': 0,
  'grpc.enable_http_proxy': 0,
  'grpc.service_config_disable_resolution': 1,
  'grpc.use_local_subchannel_pool': 1,
  // Names do not count, certificates do; and an address is no name that TLS may carry.
  'grpc.ssl_target_name_override': 'yurt',
};

/**
 * Connects to the end of a transfer on another server. Faults: `invalid`, `unavailable` when it is at none of the addresses, or
 * another server is; `forbidden` when it does not know the secret.
 */
export async function dialTransfer(own: OwnCertificate, peer: TransferPeer, signal: AbortSignal): Promise<Channel> {
  const addresses = peer.addresses.map(parseListenAddress).filter((address) => address !== undefined);
  if (addresses.length === 0) throw new Fault('invalid', 'The addresses of the other server are missing');
  if (addresses.length > maxAddresses)
    throw new Fault('invalid', `The other server has more than ${maxAddresses} addresses`);
  const secure = secureContext(own, peer.certificatePem);
  const reasons: string[] = [];
  for (const address of addresses) {
    try {
      return await dial(address, secure, peer.secret, signal);
    } catch (error) {
      const fault = Fault.from(error);
      if (fault.code !== 'unavailable') throw fault;
      reasons.push(`${formatAddress(address)}: ${fault.message}`);
    }
  }
  throw new Fault('unavailable', `This server cannot reach the other one (${reasons.join('; ')})`);
}

function secureContext({ certificatePem, keyPem }: OwnCertificate, peerPem: string) {
  try {
    const pinned = fingerprintOf(new X509Certificate(peerPem).raw);
    const context = createSecureContext({
      ...{ cert: certificatePem, key: keyPem, ca: peerPem, minVersion: 'TLSv1.3', allowPartialTrustChain: true },
    });
    return credentials.createFromSecureContext(context, {
      rejectUnauthorized: true,
      checkServerIdentity: (_host, { raw }) =>
        fingerprintOf(raw) === pinned ? undefined : new Error('it shows another certificate'),
    });
  } catch (error) {
    throw new Fault('invalid', 'The certificate of the other server cannot be read', { cause: error });
  }
}

type Call = ClientDuplexStream<TransferFrame, TransferFrame__Output>;

async function dial(
  { host, port }: ListenAddress,
  secure: ReturnType<typeof secureContext>,
  secret: string,
  signal: AbortSignal,
): Promise<Channel> {
  const { Transfer: method } = loadApi()['yurt.v1.TransferService'] as unknown as TransferServiceDefinition; // named there
  const target = host.includes(':') ? `ipv6:[${host}]:${port}` : `dns:${host}:${port}`;
  const client = new Client(target, secure, channelOptions);
  const call: Call = client.makeBidiStreamRequest(method.path, method.requestSerialize, method.responseDeserialize);
  const lost = new AbortController();
  call.on('error', (error: ServiceError) => lost.abort(faultOf(error)));
  call.on('close', () => {
    lost.abort(new Fault('unavailable', 'the other server broke off'));
    client.close();
  });
  const late = () => lost.abort(new Fault('unavailable', 'no answer in time'));
  const timer = setTimeout(late, connectTimeoutMs);
  const frames = call[Symbol.asyncIterator]() as AsyncIterator<TransferFrame__Output>; // what its method answers with
  try {
    call.write({ start: { secret } });
    const answer = await untilAborted(frames.next(), AbortSignal.any([signal, lost.signal]));
    if (answer.done === true || answer.value.message !== 'accepted') {
      throw new Fault('unavailable', 'what listens there does not keep to the protocol');
    }
  } catch (error) {
    call.cancel();
    client.close();
    // The stream itself rejects with what the call ended with; either says why.
    throw lost.signal.aborted ? lost.signal.reason : signal.aborted ? signal.reason : faultOf(error);
  } finally {
    clearTimeout(timer);
  }
  const end = () => {
    call.end();
    setTimeout(() => call.cancel(), lingerMs).unref();
  };
  return new FrameChannel({ stream: call, frames, lost: lost.signal, end });
}

/** Statuses of gRPC that another server's answer to a secret can have. */
const permissionDenied = 7;
const resourceExhausted = 8;
const unimplemented = 12;

function faultOf(error: unknown): Fault {
  if (error instanceof Fault) return error;
  const { code, details = '' } = error as Partial<ServiceError>; // what a call of grpc-js ends with
  if (code === permissionDenied) return new Fault('forbidden', `The other server says: ${details.slice(0, 1000)}`);
  if (code === resourceExhausted) return new Fault('exhausted', `The other server says: ${details.slice(0, 1000)}`);
  if (code === unimplemented) return new Fault('unsupported', 'The other server cannot send or receive instances');
  return new Fault('unavailable', reasonOf(details), { cause: error });
}

/** Why there is no connection, without what the library says around it. */
function reasonOf(details: string): string {
  const [, last = details] = /Last error: (.*?)(?:\. Resolution note:.*)?$/s.exec(details) ?? [];
  if (/another certificate|self.signed|unable to (?:verify|get)|certificate/i.test(last)) {
    return 'it shows another certificate than the one that was pinned';
  }
  if (/ECONNREFUSED/.test(last)) return 'nobody listens there';
  if (/EHOSTUNREACH|ENETUNREACH/.test(last)) return 'there is no way to that host';
  if (/ENOTFOUND|EAI_AGAIN|Name resolution/.test(last)) return 'the name is not known';
  return 'the connection failed';
}
