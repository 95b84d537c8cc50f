import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { linkTrafficIn, readLinkTraffic } from './link-traffic.ts';

const titles = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
`;

describe('the traffic of links', () => {
  it('is what the kernel counts of each', () => {
    const text = `${titles}    lo:     128       1    0    0    0     0          0         0      129       1    0    0    0     0       0          0
yurt94f20cb9dbb:9007199254    15    0    0    0     0          0         0     2900      20    0    0    0     0       0          0
`;
    assert.deepEqual(
      linkTrafficIn(text),
      new Map([
        ['lo', { receivedBytes: 128, sentBytes: 129 }],
        ['yurt94f20cb9dbb', { receivedBytes: 9_007_199_254, sentBytes: 2900 }],
      ]),
    );
  });

  it('is of no link where the kernel tells nothing that can be read', () => {
    assert.deepEqual(linkTrafficIn(''), new Map());
    assert.deepEqual(linkTrafficIn(`${titles}eth0: many of them\n`), new Map());
  });

  it('is read of this host', async () => {
    assert.ok((await readLinkTraffic()).has('lo'));
  });
});
