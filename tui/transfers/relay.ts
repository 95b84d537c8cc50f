import type { TransferFrame__Output } from '../../proto/gen/yurt/v1/TransferFrame.ts';
import type { Connection, DuplexCall } from '../client/connection.ts';
import { Failure } from '../client/failure.ts';

type TransferCall = DuplexCall<object, TransferFrame__Output>;

/**
 * Connects an end of a transfer on one server with one on another, and passes everything on between them, no faster than
 * either takes it, until both have ended. Whatever happens to one side, both servers hear of it.
 */
export async function relay(
  source: Connection,
  sourceSecret: string,
  target: Connection,
  targetSecret: string,
  signal: AbortSignal,
): Promise<void> {
  const calls: TransferCall[] = [];
  const cancel = () => {
    for (const call of calls) call.cancel();
  };
  signal.addEventListener('abort', cancel, { once: true });
  try {
    const from = await opened(source, sourceSecret, calls);
    const to = await opened(target, targetSecret, calls);
    await Promise.all([pass(from, to.call), pass(to, from.call)]);
  } catch (error) {
    cancel();
    throw error;
  } finally {
    signal.removeEventListener('abort', cancel);
  }
}

interface Opened {
  readonly call: TransferCall;
  readonly frames: AsyncIterator<TransferFrame__Output>;
}

async function opened(connection: Connection, secret: string, calls: TransferCall[]): Promise<Opened> {
  const call = connection.duplex('TransferService', 'Transfer');
  calls.push(call);
  const frames = call.messages[Symbol.asyncIterator]();
  call.send({ start: { secret } });
  const { done, value } = await frames.next();
  if (done === true || value.message !== 'accepted') throw new Failure('The server does not keep to the protocol');
  return { call, frames };
}

async function pass({ frames }: Opened, to: TransferCall): Promise<void> {
  for (let next = await frames.next(); next.done !== true; next = await frames.next()) {
    if (!to.send(next.value)) await to.drained();
  }
  to.end();
}
