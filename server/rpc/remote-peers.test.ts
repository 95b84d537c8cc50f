import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { describe, it } from 'node:test';
import { silentLog } from '../base/log.ts';
import { peerLimits, RemotePeers } from './remote-peers.ts';

/** What is used of a socket. */
class FakeSocket extends EventEmitter {
  readonly remoteAddress = '::ffff:10.0.0.7';
  readonly remotePort: number;
  destroyed = false;

  constructor(port: number) {
    super();
    this.remotePort = port;
  }

  destroy(): void {
    this.destroyed = true;
  }
}

describe('peers on the network', () => {
  it('are told of once when they are refused, whatever TLS says of their end', () => {
    const refused: unknown[] = [];
    const log = { ...silentLog, info: (fields: object) => refused.push(fields) };
    const server = { serve() {} };
    const limits = { ...peerLimits, strangersOfAddress: 1 };
    const peers = new RemotePeers({ log, server, strangers: server, find: () => undefined }, limits);
    const [first, second] = [new FakeSocket(1), new FakeSocket(2)];
    for (const socket of [first, second]) peers.arrived(socket as unknown as Socket); // all that is used of it
    peers.refuse(second as unknown as Socket, 'ECONNRESET'); // as above
    assert.deepEqual([first.destroyed, second.destroyed], [false, true]);
    const reason = 'too many connections from its address have not proven who they are';
    assert.deepEqual(refused, [{ peer: '10.0.0.7:2', reason }]);
    peers.close();
    assert.equal(first.destroyed, true);
  });
});
