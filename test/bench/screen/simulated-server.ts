/** `bin/node test/bench/screen/simulated-server.ts COUNT`: a scripted server with many instances; prints its socket. */

import { withInstances } from '../../../tui/screen/testing/many-instances.ts';
import { ScriptedServer } from '../../../tui/testing/scripted-server.ts';

await using server = await ScriptedServer.start();
withInstances(server, Number(process.argv[2] ?? 1000));
console.log(server.socket);
await new Promise<void>((resolve) => {
  process.on('SIGTERM', resolve);
  process.stdin.on('end', resolve).resume();
});
process.stdin.destroy();
