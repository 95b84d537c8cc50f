import type { Clock } from '../state/state.ts';

/** A time in milliseconds since the epoch as `15:04:05`, in the zone of whoever looks. */
export function clockTime(time: number, { zone }: Clock): string {
  return new Date(time + zone * 60_000).toISOString().slice(11, 19);
}
