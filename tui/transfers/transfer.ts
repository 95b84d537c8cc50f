import type { GetTransferPeerResponse__Output } from '../../proto/gen/yurt/v1/GetTransferPeerResponse.ts';
import type { Operation__Output } from '../../proto/gen/yurt/v1/Operation.ts';
import { fingerprintOfPem } from '../../proto/remote/fingerprint.ts';
import { UsageError } from '../arguments/usage-error.ts';
import type { Connection } from '../client/connection.ts';
import { Failure } from '../client/failure.ts';
import { waitFor } from '../client/operation.ts';
import { parseAddress } from '../client/way.ts';
import type { RemoteContext } from '../commands/command.ts';
import { relay } from './relay.ts';

/** Which side connects: the target to the source, the source to the target, or this client to both. */
export const transferModes = ['pull', 'push', 'relay'] as const;
export type TransferMode = (typeof transferModes)[number];

/** What opens an end of a transfer answers with. */
export interface OpenedEnd {
  readonly operation: Operation__Output | null;
  readonly secret: string;
}

/** One server of a transfer. */
export class Side {
  readonly context: RemoteContext;
  readonly connection: Connection;
  readonly #peer: GetTransferPeerResponse__Output;

  private constructor(context: RemoteContext, connection: Connection, peer: GetTransferPeerResponse__Output) {
    this.context = context;
    this.connection = connection;
    this.#peer = peer;
  }

  static async of(context: RemoteContext): Promise<Side> {
    const connection = await context.connect();
    try {
      return new Side(context, connection, await connection.call('TransferService', 'GetTransferPeer', {}));
    } catch (error) {
      if (!Failure.is(error, 'unimplemented')) throw error;
      const { remote } = context.global;
      throw new Failure(`The server "${remote}" is too old to send or receive instances and images`, { cause: error });
    }
  }

  get certificate(): string {
    return this.#peer.certificate;
  }

  get fingerprint(): string {
    return fingerprintOfPem(this.certificate) ?? '';
  }

  /** Where the other server may find it: as this client does, then as it says itself. */
  get addresses(): string[] {
    if (this.#peer.addresses.length === 0) return [];
    const { address } = this.context;
    const place = address.startsWith('https://') ? parseAddress(address) : undefined;
    const own =
      place === undefined
        ? []
        : [place.host.includes(':') ? `[${place.host}]` : place.host].map((host) => `${host}:${place.port}`);
    return [...new Set([...own, ...this.#peer.addresses])].slice(0, maxAddresses);
  }
}

const maxAddresses = 16;

/** Fault of usage for any other word; undefined: whatever works. */
export function modeOf(word: string | undefined): TransferMode | undefined {
  const mode = transferModes.find((each) => each === word);
  if (word !== undefined && mode === undefined) throw new UsageError(`Bad mode "${word}": pull, push or relay`);
  return mode;
}

export interface Ends {
  readonly source: Side;
  readonly target: Side;
  readonly sending: OpenedEnd;
  readonly receiving: OpenedEnd;
}

/**
 * Opens both ends, that of the target first, connects them and waits until all is there. Resolves to the operation of the
 * target. Whatever fails, both operations end.
 */
export async function transfer<Receiving extends OpenedEnd>(
  source: Side,
  target: Side,
  mode: TransferMode | undefined,
  open: { readonly receive: () => Promise<Receiving>; readonly send: (receiving: Receiving) => Promise<OpenedEnd> },
): Promise<Operation__Output> {
  const receiving = await open.receive();
  const cancelTarget = () => cancel(target, receiving);
  const sending = await open.send(receiving).catch(async (error: unknown) => {
    await cancelTarget();
    throw error;
  });
  const ends = { source, target, sending, receiving };
  const stop = new AbortController();
  const waits = [
    waitFor(target.context, target.connection, receiving.operation),
    waitFor(source.context, source.connection, sending.operation, { silent: true }),
  ];
  const cancelBoth = async () => {
    stop.abort();
    await Promise.all([cancelTarget(), cancel(source, sending)]);
  };
  // When one side fails before both are connected, the other hears of it from here.
  for (const wait of waits) wait.catch(cancelBoth);
  const connecting = connect(ends, mode, stop.signal);
  connecting.catch(cancelBoth);
  const results = await Promise.allSettled([...waits, connecting]);
  const [received] = results;
  const failures = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []));
  if (failures.length > 0) throw tellingOf(failures);
  if (received?.status !== 'fulfilled' || received.value === undefined) throw new Failure('The target did not end');
  return received.value;
}

/** The failure that says most: that of who asked to stop, then a first-hand one of a server. */
function tellingOf(failures: readonly unknown[]): unknown {
  const isStop = (error: unknown) => error instanceof Failure && error.exitCode === 130;
  const isCanceled = (error: unknown) => Failure.is(error, 'canceled');
  const isEcho = (error: unknown) =>
    error instanceof Error && /The other server says|connection to the other/.test(error.message);
  const firstHand = failures.filter((error) => !isCanceled(error));
  return failures.find(isStop) ?? firstHand.find((error) => !isEcho(error)) ?? firstHand[0] ?? failures[0];
}

async function cancel({ connection }: Side, { operation }: OpenedEnd): Promise<void> {
  // It may have ended; and when its server cannot be reached, it ends by itself.
  await connection.call('OperationService', 'CancelOperation', { id: operation?.id ?? '' }).catch(() => {});
}

async function connect(ends: Ends, mode: TransferMode | undefined, signal: AbortSignal): Promise<undefined> {
  const { source, target } = ends;
  const possible = transferModes.filter(
    (each) =>
      !(each === 'pull' && source.addresses.length === 0) && !(each === 'push' && target.addresses.length === 0),
  );
  if (mode !== undefined && !possible.includes(mode)) {
    const { remote } = (mode === 'pull' ? source : target).context.global;
    throw new Failure(`The server "${remote}" does not listen on the network: it cannot be reached for --mode ${mode}`);
  }
  for (const each of mode === undefined ? possible : [mode]) {
    try {
      await connectBy(ends, each, signal);
      return;
    } catch (error) {
      // A server that cannot reach the other, or may not try for this client: another way leads there.
      const another = Failure.is(error, 'unavailable') || Failure.is(error, 'forbidden');
      if (mode !== undefined || each === 'relay' || !another) throw error;
    }
  }
}

async function connectBy(
  { source, target, sending, receiving }: Ends,
  mode: TransferMode,
  signal: AbortSignal,
): Promise<void> {
  if (mode === 'relay')
    return await relay(source.connection, sending.secret, target.connection, receiving.secret, signal);
  const [own, end, other, otherEnd] =
    mode === 'pull' ? [target, receiving, source, sending] : [source, sending, target, receiving];
  const { addresses, certificate } = other;
  const request = { secret: end.secret, addresses, certificate, peerSecret: otherEnd.secret };
  await own.connection.call('TransferService', 'ConnectTransfer', request, { signal });
}
