import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type ChannelName,
  channels,
  checkedData,
  decodeFrame,
  decodeWindow,
  encodeFrame,
  encodeWindow,
  maxDataBytes,
  ProtocolError,
} from './frame.ts';

describe('frames', () => {
  it('are one byte of channel and data, in both directions', () => {
    for (const channel of Object.keys(channels) as ChannelName[]) {
      const frame = encodeFrame(channel, Buffer.from('data'));
      assert.equal(frame[0], channels[channel]);
      assert.deepEqual(decodeFrame(frame), { channel, data: Buffer.from('data') });
    }
    assert.equal(new Set(Object.values(channels)).size, Object.keys(channels).length);
  });

  it('of unknown channels, or without one, are refused', () => {
    for (const frame of [[], [5], [15], [28], [254]]) {
      assert.throws(() => decodeFrame(Buffer.from(frame)), ProtocolError);
    }
  });

  it('of data are neither empty nor too large', () => {
    assert.equal(checkedData(Buffer.alloc(maxDataBytes)).length, maxDataBytes);
    for (const size of [0, maxDataBytes + 1]) assert.throws(() => checkedData(Buffer.alloc(size)), ProtocolError);
  });

  it('of windows name a channel of data and a number of bytes', () => {
    for (const window of [
      { channel: 'stdin', bytes: 1 },
      { channel: 'stdout', bytes: 65_536 },
      { channel: 'stderr', bytes: 0xffff_ffff },
    ] as const) {
      const { channel, data } = decodeFrame(encodeWindow(window));
      assert.equal(channel, 'window');
      assert.deepEqual(decodeWindow(data), window);
    }
    for (const data of [[], [1, 0, 0, 0], [3, 0, 0, 0, 1], [1, 0, 0, 0, 1, 0]]) {
      assert.throws(() => decodeWindow(Buffer.from(data)), ProtocolError);
    }
  });
});
