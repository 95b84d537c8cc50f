import type { TransferFrame, TransferFrame__Output } from '../../proto/gen/yurt/v1/TransferFrame.ts';
import { Fault, type FaultCode, faultMeanings } from '../base/fault.ts';
import type { Frame } from '../transfers/channel.ts';

/** Of what another server says of a failure. */
const maxMessageLength = 1000;

export function encodeFrame(frame: Frame): TransferFrame {
  if (frame.type === 'data') return { data: Buffer.from(frame.data.buffer, frame.data.byteOffset, frame.data.length) };
  if (frame.type === 'failed') return { failed: encodeFailure(frame.fault) };
  return frame.type === 'last' ? { last: {} } : { done: {} };
}

/** Reads a hostile frame. Fault `invalid` for one that has no place after the beginning. */
export function decodeFrame({ message, data, failed }: TransferFrame__Output): Frame {
  if (message === 'data') return { type: 'data', data: data ?? new Uint8Array(0) };
  if (message === 'last' || message === 'done') return { type: message };
  if (message === 'failed') {
    return { type: 'failed', fault: faultOf(failed?.code ?? '', failed?.message ?? '') };
  }
  throw new Fault('invalid', 'The other server does not keep to the protocol');
}

/** What a defect is of, is for the log of the server that has it. */
function encodeFailure(fault: Fault): { code: string; message: string } {
  return { code: fault.code, message: fault.message.slice(0, maxMessageLength) };
}

function faultOf(code: string, message: string): Fault {
  const known = Object.hasOwn(faultMeanings, code) && code !== 'internal';
  const text = message.slice(0, maxMessageLength) || 'it has failed';
  return new Fault(known ? (code as FaultCode) : 'unavailable', `The other server says: ${text}`);
}
