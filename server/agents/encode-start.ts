import { maxFrameToAgentBytes, ProtocolError } from '../../proto/agent/frame.ts';
import { encodeMessage, parseStart } from '../../proto/agent/messages.ts';
import { encodeKeep, parseKeep } from '../../proto/agent/sessions.ts';
import { Fault } from '../base/fault.ts';
import type { ExecCommand } from './exec-session.ts';

/** The first frame for a command, checked as the agent will. Faults: `invalid`. */
export function encodeStart(command: ExecCommand): Buffer {
  return checked(encodeMessage('start', command), parseStart);
}

/** The same for a command that outlives its connection. */
export function encodeKeptStart(session: string, command: ExecCommand, emptyStdin: boolean): Buffer {
  return checked(encodeKeep({ session, start: command, emptyStdin }), parseKeep);
}

function checked(frame: Buffer, parse: (data: Buffer) => unknown): Buffer {
  if (frame.length > maxFrameToAgentBytes) throw new Fault('invalid', 'The command and its environment are too long');
  try {
    parse(frame.subarray(1));
  } catch (error) {
    if (error instanceof ProtocolError) throw new Fault('invalid', `Cannot run the command: ${error.message}`);
    throw error;
  }
  return frame;
}
