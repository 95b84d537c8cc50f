import assert from 'node:assert/strict';
import { closeSync, existsSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { listenUnixSocket, peerCredentials } from './unix-socket.ts';

describe('unix sockets', () => {
  it('listen for whoever takes over the descriptor, and name the peer', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'yurt-native-test-'));
    const path = join(directory, 'socket');
    const fd = listenUnixSocket(path, 1);
    assert.match(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'), /flags:\t0?2[0-7]{6}/, 'close-on-exec');
    const { promise, resolve } = Promise.withResolvers<Socket>();
    const server = createServer(resolve).listen({ fd });
    const client = connect(path);
    const socket = await promise;
    const handle = (socket as unknown as { _handle: { fd: number } })._handle; // Node has no public way to the descriptor
    assert.deepEqual(peerCredentials(handle.fd), {
      pid: process.pid,
      uid: process.getuid?.(),
      gid: process.getgid?.(),
    });
    socket.destroy();
    client.destroy();
    server.close();
    rmSync(directory, { recursive: true });
  });

  it('take the way by a descriptor when the path is too long', () => {
    const directory = mkdtempSync(join(tmpdir(), `yurt-native-test-${'long'.repeat(25)}-`));
    assert.throws(() => listenUnixSocket(join(directory, 'socket'), 1), { code: 'ENAMETOOLONG' });
    const directoryFd = openSync(directory, 'r');
    const fd = listenUnixSocket(`/proc/self/fd/${directoryFd}/socket`, 1);
    assert.ok(existsSync(join(directory, 'socket')));
    assert.throws(() => listenUnixSocket(`/proc/self/fd/${directoryFd}/socket`, 1), { code: 'EADDRINUSE' });
    closeSync(fd);
    closeSync(directoryFd);
    rmSync(directory, { recursive: true });
  });

  it('leave no descriptor behind when they fail', () => {
    const file = openSync('/dev/null', 'r');
    const before = readdirSync('/proc/self/fd').length;
    assert.throws(() => listenUnixSocket('/no/such/directory/socket', 1), { code: 'ENOENT' });
    assert.throws(() => peerCredentials(file), { code: 'ENOTSOCK' });
    assert.equal(readdirSync('/proc/self/fd').length, before);
    closeSync(file);
  });
});
