import type { ServerDuplexStream } from '@grpc/grpc-js';
import type { ReceiveInstanceRequest__Output } from '../../proto/gen/yurt/v1/ReceiveInstanceRequest.ts';
import type { SendInstanceRequest__Output } from '../../proto/gen/yurt/v1/SendInstanceRequest.ts';
import type { TransferFrame, TransferFrame__Output } from '../../proto/gen/yurt/v1/TransferFrame.ts';
import type { TransferServiceHandlers } from '../../proto/gen/yurt/v1/TransferService.ts';
import { Fault } from '../base/fault.ts';
import type { ImageStore } from '../images/image-store.ts';
import type { Channel } from '../transfers/channel.ts';
import type { ImageTransfers } from '../transfers/image-transfers.ts';
import type { InstanceReceiver, ReceiveInstanceRequest } from '../transfers/receive-instance.ts';
import type { InstanceSender, OpenedEnd, SendInstanceRequest } from '../transfers/send-instance.ts';
import type { EndRequest, TransferEnds } from '../transfers/transfer-ends.ts';
import { decodeDevices } from './decode.ts';
import type { TransferPeer } from './dial-transfer.ts';
import { encodeOperation, encodeTime } from './encode.ts';
import { firstMessage } from './first-message.ts';
import { FrameChannel } from './frame-channel.ts';
import { checkOwner } from './gate.ts';
import type { Identity } from './identity.ts';
import { projectOf } from './project.ts';
import { type Call, type Handlers, messagesOf } from './router.ts';
import { widenUpload } from './upload-window.ts';
import { writeTo } from './write-message.ts';

export interface TransferServiceDeps {
  readonly sender: InstanceSender;
  readonly receiver: InstanceReceiver;
  readonly imageTransfers: ImageTransfers;
  readonly ends: TransferEnds;
  /** The images that a project uses, and the project that has them. */
  readonly images: (project: string) => Promise<{ readonly images: ImageStore; readonly home: string }>;
  /** This server as others see it: PEM, and `host:port`. */
  readonly own: () => Promise<{ readonly certificatePem: string; readonly addresses: readonly string[] }>;
  /** Faults: `unavailable`, `forbidden`, `invalid`. */
  readonly dial: (peer: TransferPeer, signal: AbortSignal) => Promise<Channel>;
  /** Lets a stranger that has proven what it is for stay; dispose when it is done. */
  readonly keepPeer: (peer: string) => Disposable;
}

export function transferService(deps: TransferServiceDeps): Handlers<TransferServiceHandlers> {
  const { sender, receiver, imageTransfers, ends } = deps;
  return {
    GetTransferPeer: async () => {
      const { certificatePem, addresses } = await deps.own();
      return { certificate: certificatePem, addresses: [...addresses] };
    },
    SendInstance: async ({ identity }, request) =>
      opened(await sender.open(sendRequest(request), parties(identity, request))),
    ReceiveInstance: async ({ identity }, request) => {
      const { known, ...end } = await receiver.open(receiveRequest(request), parties(identity, request));
      return {
        ...opened(end),
        known: known.map(({ name, createdAt }) => ({ name, createdAt: encodeTime(createdAt) })),
      };
    },
    SendImage: async ({ identity }, request) => {
      const project = projectOf(request);
      const { images } = await deps.images(project);
      return opened(await imageTransfers.send({ project, images }, request.image, parties(identity, request)));
    },
    ReceiveImage: async ({ identity }, request) => {
      const project = projectOf(request);
      const { images, home } = await deps.images(project);
      checkOwner(identity, home, 'images');
      return opened(await imageTransfers.receive({ project, images }, request, parties(identity, request)));
    },
    ConnectTransfer: async ({ identity, signal }, { secret, addresses, certificate, peerSecret }) => {
      const opener = partyOf(identity);
      ends.check(secret, opener);
      const channel = await deps.dial({ addresses, certificatePem: certificate, secret: peerSecret }, signal);
      try {
        ends.take(secret, opener)(channel);
      } catch (error) {
        channel.fail(Fault.from(error));
        throw error;
      }
      return {};
    },
    Transfer: async (call, stream) => await accept(deps, call, stream),
  };
}

/** Serves a connection to one of the ends until the transfer is over. */
async function accept(
  { ends, keepPeer }: TransferServiceDeps,
  call: Call,
  stream: ServerDuplexStream<TransferFrame__Output, TransferFrame>,
): Promise<void> {
  const frames = messagesOf(call, stream);
  const { secret } = await firstMessage(frames);
  const connect = ends.take(secret, partyOf(call.identity));
  using _kept = keepPeer(stream.getPeer());
  widenUpload(stream);
  await writeTo(stream, { accepted: {} }, call.signal);
  const channel = new FrameChannel({ stream, frames, lost: call.signal, end() {} });
  connect(channel);
  await channel.closed;
}

function partyOf({ certificate }: Identity): string {
  return certificate?.fingerprint ?? 'local';
}

function parties(identity: Identity, { peerFingerprint }: { readonly peerFingerprint: string }): EndRequest {
  if (!/^(?:[0-9a-f]{64})?$/.test(peerFingerprint)) {
    throw new Fault('invalid', 'The fingerprint of the other server is not 64 hexadecimal digits');
  }
  return { opener: partyOf(identity), peer: peerFingerprint };
}

function opened({ operation, secret }: OpenedEnd) {
  return { operation: encodeOperation(operation), secret };
}

function sendRequest(request: SendInstanceRequest__Output): SendInstanceRequest {
  const { instance, snapshot, instanceOnly, move } = request;
  if (instance === '') throw new Fault('invalid', 'The name of the instance is missing');
  const known = request.known.flatMap(({ name, createdAt }) =>
    createdAt === null
      ? []
      : [{ name, createdAt: new Date(createdAt.seconds * 1000 + createdAt.nanos / 1e6).toISOString() }],
  );
  return { project: projectOf(request), instance, snapshot, instanceOnly, move, known };
}

function receiveRequest(request: ReceiveInstanceRequest__Output): ReceiveInstanceRequest {
  const { name, ephemeral, config, pool, start, refresh, move, allowHostAccess, instanceOnly } = request;
  const profiles = request.noProfiles ? [] : request.profiles.length === 0 ? undefined : request.profiles;
  return {
    ...{ name, ephemeral, config, pool, start, refresh, move, allowHostAccess, instanceOnly, profiles },
    ...{ project: projectOf(request), devices: decodeDevices(request.devices) },
  };
}
