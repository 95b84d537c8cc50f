/**
 * One side of a connection, run in a network namespace of choice:
 *
 *     serve TEXT TARGET   answers each first line, or packet, with `TEXT LINE`; prints "ready"
 *     echo TARGET         sends back what it gets; prints "ready"
 *     ask LINE TARGET     prints what is answered to a line, or the code of the error
 *     bulk BYTES TARGET   sends so many bytes and prints how many come back
 *
 * A TARGET is `tcp:ADDRESS:PORT`, `udp:ADDRESS:PORT` or `unix:PATH`.
 */
import { createSocket } from 'node:dgram';
import { connect, createServer, type NetConnectOpts, type Socket } from 'node:net';

const [mode = '', ...rest] = process.argv.slice(2);
const target = rest.pop() ?? '';
const [word = ''] = rest;
const [type = '', address = '', port = ''] = target.split(':');
const options: NetConnectOpts = type === 'unix' ? { path: address } : { host: address, port: Number(port) };
const timeoutMs = 5_000;

function serve(answer: (socket: Socket) => void): void {
  // As socat and most servers do: the one side may be done while the other still speaks.
  const server = createServer({ allowHalfOpen: true }, answer);
  server.listen(options, () => console.log('ready'));
}

function servePackets(): void {
  const socket = createSocket('udp4');
  socket.on('message', (data, from) => {
    socket.send(`${word} ${data.toString()}`, from.port, from.address);
  });
  socket.bind(Number(port), address, () => console.log('ready'));
}

function ask(): void {
  const socket = connect(options);
  let answer = '';
  socket.on('data', (data) => {
    answer += data.toString();
  });
  socket.on('error', (error) => console.log('code' in error ? error.code : error.message));
  socket.on('end', () => console.log(answer.trim()));
  socket.setTimeout(timeoutMs, () => socket.destroy(new Error('silence')));
  socket.write(`${word}\n`);
}

function askPackets(): void {
  const socket = createSocket('udp4');
  const late = setTimeout(() => done('silence'), timeoutMs);
  const done = (text: string) => {
    clearTimeout(late);
    console.log(text);
    socket.close();
  };
  socket.on('message', (data) => done(data.toString()));
  socket.on('error', (error) => done('code' in error ? String(error.code) : error.message));
  socket.connect(Number(port), address, () => socket.send(word));
}

function bulk(): void {
  const socket = connect({ ...options, allowHalfOpen: true });
  let received = 0;
  socket.on('data', (data) => {
    received += data.length;
  });
  socket.on('error', (error) => console.log(error.message));
  socket.on('end', () => console.log(received));
  let left = Number(word);
  const send = () => {
    for (let going = true; going && left > 0; ) {
      const size = Math.min(left, 65_536);
      left -= size;
      going = socket.write(Buffer.alloc(size));
    }
    if (left > 0) socket.once('drain', send);
    else socket.end();
  };
  send();
}

if (mode === 'serve' && type === 'udp') servePackets();
else if (mode === 'serve') {
  serve((socket) => {
    socket.on('error', () => {});
    socket.once('data', (data) => socket.end(`${word} ${data.toString().split('\n')[0]?.trim()}\n`));
  });
} else if (mode === 'echo') serve((socket) => void socket.on('error', () => {}).pipe(socket));
else if (mode === 'ask' && type === 'udp') askPackets();
else if (mode === 'ask') ask();
else if (mode === 'bulk') bulk();
else throw new Error(`unknown mode ${mode}`);
