import { readFileSync } from 'node:fs';
import type { Store } from '../db/store.ts';

const key = 'meta/boot-id';

/** Whether the host was booted since the server last asked; remembers the present boot (random(4): boot_id). */
export async function hostWasRebooted(store: Store): Promise<boolean> {
  const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  const found = await store.get(key);
  if (found?.value === bootId) return false;
  await store.commit({ put: [{ key, value: bootId }] });
  return found !== undefined;
}
