import { constants } from 'node:os';
import { Fault } from '../base/fault.ts';

/** What glibc and systemd call SIGRTMIN; the kernel's 32 and 33 are glibc's own (signal(7)). */
const SIGRTMIN = 34;
const SIGRTMAX = 64;

/** `SIGTERM`, `TERM`, `SIGRTMIN+3` or `15` as a number. Faults: `invalid`. */
export function signalNumber(signal: string): number {
  const name = signal.startsWith('SIG') ? signal : `SIG${signal}`;
  const known = Object.entries(constants.signals).find(([key]) => key === name)?.[1];
  if (known !== undefined) return known;
  const realTime = /^SIGRT(MIN\+|MAX-)(\d{1,2})$/.exec(name);
  const offset = Number(realTime?.[2]);
  const number = realTime === null ? Number(/^\d{1,2}$/.exec(signal)?.[0]) : 0;
  const value = realTime === null ? number : realTime[1] === 'MIN+' ? SIGRTMIN + offset : SIGRTMAX - offset;
  const least = realTime === null ? 1 : SIGRTMIN;
  if (!(value >= least && value <= SIGRTMAX)) throw new Fault('invalid', `Unknown signal "${signal.slice(0, 40)}"`);
  return value;
}
