/**
 * Does to a server on the network what no client does: `attack-server.ts ATTACK PORT`, a key pair (`Attacker`) on stdin.
 * Prints what came of it as JSON. Run within a network namespace.
 */
import { connect as connectHttp2 } from 'node:http2';
import { connect, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls';

export interface Attacker {
  readonly certificate: string;
  readonly key: string;
}

export interface Result {
  /** What the server said or did, for the test to look at. */
  readonly said: string;
  readonly tookMs: number;
}

const host = '127.0.0.1';
const patienceMs = 40_000;

type Attack = (port: number, attacker: Attacker) => Promise<string>;

/** Resolves with what a socket brings, when its other side ends it. */
/** Whether the kernel of the server takes it: beyond its backlog connections wait there, and cost the server nothing. */
async function letIn(socket: Socket): Promise<boolean> {
  return await new Promise((resolve) => {
    const end = (entered: boolean) => {
      if (!entered) socket.destroy();
      resolve(entered);
    };
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
    setTimeout(() => end(false), patienceMs).unref();
  });
}

async function ended(socket: Socket): Promise<string> {
  let said = '';
  return await new Promise((resolve) => {
    socket.on('data', (data) => (said += data.toString('latin1')));
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(`${said}${error.code ?? error.message}`));
    socket.on('close', () => resolve(`${said}closed`));
    setTimeout(() => resolve(`${said}still open`), patienceMs).unref();
  });
}

function tls(port: number, { certificate, key }: Attacker, options: ConnectionOptions = {}): TLSSocket {
  const own = { host, port, cert: certificate, key, rejectUnauthorized: false, ALPNProtocols: ['h2'] };
  return connectTls({ ...own, ...options });
}

async function plain(port: number, data: string | Buffer): Promise<string> {
  const socket = connect(port, host);
  socket.write(data);
  return await ended(socket);
}

const attacks: Readonly<Record<string, Attack>> = {
  'plain HTTP': async (port) => await plain(port, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'),
  'plain gRPC': async (port) => await plain(port, 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
  'random bytes': async (port) => await plain(port, Buffer.from('16030100050badc0ffee'.repeat(100), 'hex')),
  silence: async (port) => await ended(connect(port, host)),
  'half a handshake': async (port) => {
    const socket = connect(port, host);
    socket.write(Buffer.from('1603010200010001fc0303', 'hex'));
    return await ended(socket);
  },
  'TLS 1.2': async (port, attacker) =>
    await ended(tls(port, attacker, { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' })),
  'no certificate': async (port) =>
    await ended(connectTls({ host, port, rejectUnauthorized: false, ALPNProtocols: ['h2'] })),
  'no HTTP/2': async (port, attacker) => await ended(tls(port, attacker, { ALPNProtocols: ['http/1.1'] })),
  'HTTP/1.1 anyway': async (port, attacker) => {
    const socket = connectTls({ host, port, cert: attacker.certificate, key: attacker.key, rejectUnauthorized: false });
    socket.on('secureConnect', () => socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n'));
    return await ended(socket);
  },
  'a huge chain': async (port, attacker) => {
    const chain = attacker.certificate.repeat(400);
    return await ended(tls(port, attacker, { cert: chain }));
  },
  'garbage frames': async (port, attacker) => {
    const socket = tls(port, attacker);
    socket.on('secureConnect', () => {
      socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
      socket.write(Buffer.alloc(200_000, 0xff));
    });
    return await ended(socket);
  },
  'a large message': async (port, attacker) => {
    const session = connectHttp2(`https://${host}:${port}`, { createConnection: () => tls(port, attacker) });
    session.on('error', () => {});
    const path = '/yurt.v1.TrustService/RedeemTrustToken';
    const stream = session.request({
      ':method': 'POST',
      ':path': path,
      te: 'trailers',
      'content-type': 'application/grpc',
    });
    const message = Buffer.alloc(300_000, 'x');
    const head = Buffer.alloc(5);
    head.writeUInt32BE(message.length, 1);
    stream.end(Buffer.concat([head, message]));
    const status = await new Promise<string>((resolve) => {
      stream.on('response', (headers) => resolve(`status ${headers['grpc-status']}`));
      stream.on('trailers', (headers) => resolve(`status ${headers['grpc-status']}`));
      stream.on('error', (error) => resolve(error.message));
      stream.resume();
    });
    session.destroy();
    return status;
  },
  'half messages': async (port, attacker) => {
    const session = connectHttp2(`https://${host}:${port}`, { createConnection: () => tls(port, attacker) });
    session.on('error', () => {});
    const length = 4_000_000;
    const refused = Promise.withResolvers<string>();
    for (let count = 0; count < 100; count += 1) {
      const stream = session.request({
        ...{ ':method': 'POST', ':path': '/yurt.v1.InstanceService/ListInstances', te: 'trailers' },
        'content-type': 'application/grpc',
      });
      stream.on('error', (error) => refused.resolve(error.message));
      const half = Buffer.alloc(5 + length - 1);
      half.writeUInt32BE(length, 1);
      stream.write(half);
    }
    setTimeout(() => refused.resolve('all are held'), patienceMs).unref();
    const said = await refused.promise;
    session.destroy();
    return said;
  },
  'a thousand idle connections': async (port) => {
    const sockets = Array.from({ length: 1000 }, () => connect(port, host));
    const all = await Promise.all(
      sockets.map(async (socket) => ((await letIn(socket)) ? await ended(socket) : 'waits')),
    );
    return `${all.filter((end) => end === 'still open').length} still open`;
  },
};

const [name = '', port = ''] = process.argv.slice(2);
const chunks: Buffer[] = [];
for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
const started = performance.now();
const said = await attacks[name]?.(Number(port), JSON.parse(Buffer.concat(chunks).toString('utf8')));
const result: Result = { said: said ?? 'no such attack', tookMs: performance.now() - started };
process.stdout.write(JSON.stringify(result));
process.exit(0);
