import type { Process as ProcessMessage } from '../../proto/gen/yurt/v1/Process.ts';
import type { GuestProcess } from '../host/guest-processes.ts';
import { encodeTime } from './encode.ts';

export function encodeProcess({ startedAt, threads, argv, ...process }: GuestProcess): ProcessMessage {
  return { ...process, arguments: [...argv], startedAt: encodeTime(startedAt), threadCount: threads };
}
