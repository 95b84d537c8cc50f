/** `agent.cjs --open-files=N --cgroups=N --idle-ms=N`: descriptor 3 listens, 4… are the instance's cgroup.procs files. */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { Children } from './children.ts';
import { AgentServer } from './server.ts';
import type { PtyModule } from './terminal.ts';

const listenFd = 3;
const firstCgroupFd = 4;

const { values } = parseArgs({
  options: { 'open-files': { type: 'string' }, cgroups: { type: 'string' }, 'idle-ms': { type: 'string' } },
});
const script = process.argv[1] ?? '';
const directory = dirname(script);
const load = createRequire(script);

const server = new AgentServer(
  { listenFd, idleMs: Number(values['idle-ms'] ?? 0), onIdle: () => process.exit(0) },
  new Children(),
  {
    path: join(directory, 'launcher'),
    cgroupFds: Array.from({ length: Number(values.cgroups ?? 0) }, (_, index) => firstCgroupFd + index),
    openFiles: Number(values['open-files'] ?? 0),
    pty: () => load('./pty.node') as PtyModule, // node-pty's native half has no types of its own
  },
);
server.listen();
