import { readFile } from 'node:fs/promises';

/** What has passed a link since it was made, as the link itself counts it. */
export interface LinkTraffic {
  readonly receivedBytes: number;
  readonly sentBytes: number;
}

/** The links of the server's own network namespace, by their names: one reading for all. Empty when the kernel tells nothing. */
export async function readLinkTraffic(): Promise<ReadonlyMap<string, LinkTraffic>> {
  return linkTrafficIn(await readFile('/proc/self/net/dev', 'utf8').catch(() => ''));
}

/** The figures of /proc/net/dev (proc(5)): after the name come eight of what was received, then those of what was sent. */
export function linkTrafficIn(text: string): ReadonlyMap<string, LinkTraffic> {
  const traffic = new Map<string, LinkTraffic>();
  for (const row of text.split('\n')) {
    const end = row.lastIndexOf(':');
    if (end < 0) continue;
    const figures = row
      .slice(end + 1)
      .trim()
      .split(/\s+/);
    const [receivedBytes, sentBytes] = [Number(figures[0]), Number(figures[sentColumn])];
    if (Number.isNaN(receivedBytes + sentBytes)) continue;
    traffic.set(row.slice(0, end).trim(), { receivedBytes, sentBytes });
  }
  return traffic;
}

const sentColumn = 8;
