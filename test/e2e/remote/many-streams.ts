/**
 * Runs many commands at once on a server on the network, as a client that is not `yurt`: some of them it does not read from.
 * Reads a `ManyStreams` from stdin, prints a `StreamsOutcome`. Run within a network namespace.
 */
import { createHash } from 'node:crypto';
import { credentials, makeClientConstructor, type ServiceDefinition } from '@grpc/grpc-js';
import { loadApi } from '../../../proto/api.ts';
import type { ExecResponse__Output } from '../../../proto/gen/yurt/v1/ExecResponse.ts';
import type { ExecServiceClient } from '../../../proto/gen/yurt/v1/ExecService.ts';

export interface ManyStreams {
  readonly address: string;
  readonly serverCertificate: string;
  readonly certificate: string;
  readonly key: string;
  readonly instances: readonly string[];
  readonly connections: number;
  /** Streams whose output is read, and compared. */
  readonly reading: number;
  readonly bytes: number;
  /** Streams whose output is endless and not read; every other of them has granted as much as it may. */
  readonly stalled: number;
}

export interface StreamsOutcome {
  readonly right: number;
  readonly wrong: readonly string[];
}

const maxGrantBytes = 16 * 1024 * 1024;

const chunks: Buffer[] = [];
for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
const job: ManyStreams = JSON.parse(Buffer.concat(chunks).toString('utf8'));
const definition = loadApi()['yurt.v1.ExecService'] as ServiceDefinition; // a service of the API
const Client = makeClientConstructor(definition, 'ExecService');
const ssl = () =>
  credentials.createSsl(...[job.serverCertificate, job.key, job.certificate].map((pem) => Buffer.from(pem)));
const clients = Array.from({ length: job.connections }, () => {
  const options = { 'grpc.ssl_target_name_override': 'localhost', 'grpc.use_local_subchannel_pool': 1 };
  return new Client(job.address, ssl(), options) as unknown as ExecServiceClient; // generated for this very service
});
const clientOf = (index: number) => clients[index % clients.length] as ExecServiceClient; // there is at least one
const instanceOf = (index: number) => job.instances[index % job.instances.length] ?? '';

/** Resolves when the command runs, and nothing of it is read any more. */
async function stall(index: number): Promise<() => void> {
  const call = clientOf(index).Exec();
  const windowed = index % 2 === 0;
  call.on('error', () => {});
  call.write({ start: { instance: instanceOf(index), command: ['cat', '/dev/zero'], windowed } });
  if (windowed) call.write({ window: { channel: 'EXEC_CHANNEL_STDOUT', bytes: maxGrantBytes } });
  await new Promise<void>((resolve) => call.once('data', () => resolve()));
  call.pause();
  return () => call.cancel();
}

/** Resolves to what was wrong; undefined when nothing was. */
async function read(index: number): Promise<string | undefined> {
  const line = `stream ${index} of many\n`;
  const expected = createHash('md5').update(line.repeat(Math.ceil(job.bytes / line.length)).slice(0, job.bytes));
  const call = clientOf(index).Exec();
  const command = ['sh', '-c', `yes "stream ${index} of many" | head -c ${job.bytes}`];
  call.write({ start: { instance: instanceOf(index), command } });
  call.write({ closeStdin: {} });
  const seen = createHash('md5');
  let code: number | undefined;
  call.on('data', (response: ExecResponse__Output) => {
    if (response.stdout) seen.update(response.stdout);
    if (response.exit) ({ code } = response.exit);
  });
  const failure = await new Promise<Error | undefined>((resolve) => {
    call.on('error', resolve);
    call.on('end', () => resolve(undefined));
  });
  if (failure !== undefined) return `${index}: ${failure.message}`;
  if (code !== 0) return `${index}: exit code ${code}`;
  return seen.digest('hex') === expected.digest('hex') ? undefined : `${index}: other bytes`;
}

const release = await Promise.all(Array.from({ length: job.stalled }, (_, index) => stall(index)));
const ends = await Promise.all(Array.from({ length: job.reading }, (_, index) => read(index)));
const wrong = ends.filter((end) => end !== undefined);
const outcome: StreamsOutcome = { right: ends.length - wrong.length, wrong };
for (const stop of release) stop();
for (const client of clients) client.close();
process.stdout.write(JSON.stringify(outcome), () => process.exit(0));
