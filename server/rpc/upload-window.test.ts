import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type ClientHttp2Session, connect } from 'node:http2';
import { createServer } from 'node:net';
import { describe, it } from 'node:test';
import { Server, ServerCredentials, type ServiceDefinition } from '@grpc/grpc-js';
import { uploadWindowBytes, widenUpload } from './upload-window.ts';

const bytes = { serialize: (value: Buffer) => value, deserialize: (value: Buffer) => value };
const method = (name: string) => ({
  ...{ path: `/t.Service/${name}`, requestStream: true, responseStream: true },
  ...{ requestSerialize: bytes.serialize, requestDeserialize: bytes.deserialize },
  ...{ responseSerialize: bytes.serialize, responseDeserialize: bytes.deserialize },
});
const definition: ServiceDefinition = { Upload: method('Upload'), Talk: method('Talk') };

type AnsweredCall = { once(event: 'data', listener: () => void): void; write(message: Buffer): void };

/** A server that answers the first message of each call, and reads no other. */
async function listening(): Promise<{ session: ClientHttp2Session } & AsyncDisposable> {
  const server = new Server();
  const answer = (call: AnsweredCall) => call.write(Buffer.from('seen'));
  server.addService(definition, {
    Upload: (call: AnsweredCall) =>
      call.once('data', () => {
        widenUpload(call);
        answer(call);
      }),
    Talk: (call: AnsweredCall) => call.once('data', () => answer(call)),
  });
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  const sockets = createServer((socket) => injector.injectConnection(socket));
  await new Promise<void>((resolve) => void sockets.listen(0, '127.0.0.1', resolve));
  const { port } = sockets.address() as { port: number }; // of TCP
  const session = connect(`http://127.0.0.1:${port}`);
  return {
    session,
    [Symbol.asyncDispose]: async () => {
      session.destroy();
      server.forceShutdown();
      await new Promise((resolve) => sockets.close(resolve));
    },
  };
}

/** Sends one message; resolves when it was answered. */
async function begin(session: ClientHttp2Session, name: string): Promise<void> {
  const stream = session.request({
    ...{ ':method': 'POST', ':path': `/t.Service/${name}`, te: 'trailers', 'content-type': 'application/grpc' },
  });
  stream.on('error', () => {}); // the end of the test
  stream.write(Buffer.from([0, 0, 0, 0, 1, 65]));
  await once(stream, 'data');
}

describe('the window of uploads', () => {
  it('is wide for the connection of an upload, and no wider after a second one', async () => {
    await using at = await listening();
    await begin(at.session, 'Upload');
    await begin(at.session, 'Upload');
    const { remoteWindowSize = 0 } = at.session.state;
    assert.ok(remoteWindowSize > uploadWindowBytes / 2 && remoteWindowSize <= uploadWindowBytes);
    assert.equal(at.session.remoteSettings.initialWindowSize, uploadWindowBytes);
  });

  it("stays HTTP/2's own for other calls", async () => {
    await using at = await listening();
    await begin(at.session, 'Talk');
    assert.ok((at.session.state.remoteWindowSize ?? 0) < 65_536);
    assert.equal(at.session.remoteSettings.initialWindowSize, 65_535);
  });
});
