import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { describe, it } from 'node:test';
import { silentLog } from '../base/log.ts';
import { peerLimits, RemotePeers } from './remote-peers.ts';

/** What is used of a socket. */
class FakeSocket extends EventEmitter {
  readonly remoteAddress: string;
  readonly remotePort: number;
  destroyed = false;

  constructor(port: number, address = '10.0.0.7') {
    super();
    this.remoteAddress = `::ffff:${address}`;
    this.remotePort = port;
  }

  destroy(): void {
    this.destroyed = true;
    this.emit('close');
  }
}

/** Room for so many strangers, and what the log says. */
function crowd(strangers: number) {
  const refused: unknown[] = [];
  const log = { ...silentLog, info: (fields: object) => refused.push(fields) };
  const server = { serve() {} };
  const deps = { log, server, strangers: server, find: () => undefined };
  return { refused, peers: new RemotePeers(deps, { ...peerLimits, strangers }) };
}

function arrive(peers: RemotePeers, sockets: readonly FakeSocket[]): boolean[] {
  for (const socket of sockets) peers.arrived(socket as unknown as Socket); // all that is used of it
  return sockets.map(({ destroyed }) => destroyed);
}

describe('peers on the network', () => {
  const reason = 'others came, and it had not proven who it is';

  it('are told of once when they are refused, whatever TLS says of their end', () => {
    const { peers, refused } = crowd(1);
    const [first, second] = [new FakeSocket(1), new FakeSocket(2)];
    assert.deepEqual(arrive(peers, [first, second]), [true, false]);
    peers.refuse(first as unknown as Socket, 'ECONNRESET'); // as above
    assert.deepEqual(refused, [{ peer: '10.0.0.7:1', reason }]);
    peers.close();
    assert.equal(second.destroyed, true);
  });

  it('make room for each other at the address that has the most, the oldest first', () => {
    const { peers, refused } = crowd(3);
    const others = [new FakeSocket(1, '10.0.0.8')];
    const flood = [1, 2, 3, 4].map((port) => new FakeSocket(port));
    arrive(peers, others);
    assert.deepEqual(arrive(peers, flood), [true, true, false, false]);
    assert.equal(others[0]?.destroyed, false, 'it was there first, and alone');
    assert.deepEqual(arrive(peers, [new FakeSocket(2, '10.0.0.9')]), [false]);
    assert.deepEqual(
      flood.map(({ destroyed }) => destroyed),
      [true, true, true, false],
    );
    assert.equal(refused.length, 3);
    peers.close();
  });

  it('are in the log as clients, however many strangers are refused in the same second', () => {
    const { peers, refused } = crowd(1);
    for (let count = 0; count < 3 * peerLimits.refusalsLogged; count += 1) peers.logRefusal('10.0.0.7:1', reason);
    assert.ok(refused.length <= 2 * peerLimits.refusalsLogged, 'a second may end meanwhile');
    peers.logRefusal('odd', 'too much', 'clients');
    assert.deepEqual(refused.at(-1), { peer: 'odd', reason: 'too much' });
    peers.close();
  });
});
