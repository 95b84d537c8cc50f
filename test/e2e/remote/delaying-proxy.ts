/** A long way to a server: `delaying-proxy.ts PORT HOST TARGET-PORT DELAY-MS` hands each byte on so much later, in each direction. */
import { connect, createServer, type Socket } from 'node:net';

const [listen = '', host = '', target = '', delay = ''] = process.argv.slice(2);
const delayMs = Number(delay);

/** What may be under way: more than any window. */
const maxUnderWayBytes = 64 * 1024 * 1024;

function carry(from: Socket, to: Socket): void {
  let underWay = 0;
  from.on('data', (data) => {
    underWay += data.length;
    if (underWay > maxUnderWayBytes) from.pause();
    setTimeout(() => {
      underWay -= data.length;
      to.write(data);
      if (underWay <= maxUnderWayBytes) from.resume();
    }, delayMs);
  });
  from.on('end', () => setTimeout(() => to.end(), delayMs));
  from.on('error', () => to.destroy());
}

const server = createServer((near) => {
  const far = connect(Number(target), host);
  for (const socket of [near, far]) socket.setNoDelay(true);
  carry(near, far);
  carry(far, near);
});
server.listen(Number(listen), '127.0.0.1', () => process.stdout.write('ready\n'));
