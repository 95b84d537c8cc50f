/**
 * Calls methods of a server on the network, as a client that is not `yurt`: reads a `Job` from stdin, prints the `Outcome`
 * of each of its calls. Run within a network namespace.
 */
import { credentials, Metadata, makeClientConstructor, type ServiceDefinition, type ServiceError } from '@grpc/grpc-js';
import { loadApi } from '../../../proto/api.ts';

export interface Job {
  readonly address: string;
  readonly serverCertificate: string;
  readonly certificate: string;
  readonly key: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly calls: readonly { readonly method: string; readonly request: object }[];
}

export interface Outcome {
  readonly method: string;
  /** https://grpc.io/docs/guides/status-codes/; 0 also for a stream that has begun. */
  readonly code: number;
  readonly details: string;
  /** The first answer. */
  readonly response: unknown;
}

/** A stream that says nothing in this time has begun. */
const quietMs = 1500;

type Call = {
  on(event: 'data', listener: (data: unknown) => void): void;
  on(event: 'error', listener: (error: ServiceError) => void): void;
  on(event: 'end', listener: () => void): void;
  write(request: object): void;
  cancel(): void;
};

async function call(job: Job, { method, request }: Job['calls'][number]): Promise<Outcome> {
  const [service = '', name = ''] = method.split('/');
  const definition = loadApi()[`yurt.v1.${service}`] as ServiceDefinition; // a service of the API
  const ssl = credentials.createSsl(
    ...[job.serverCertificate, job.key, job.certificate].map((pem) => Buffer.from(pem)),
  );
  const client = new (makeClientConstructor(definition, service))(job.address, ssl, {
    'grpc.ssl_target_name_override': 'localhost',
  });
  const metadata = new Metadata();
  for (const [key, value] of Object.entries(job.headers ?? {})) metadata.set(key, value);
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  const answer = (code: number, details: string, response: unknown) => resolve({ method, code, details, response });
  const open = client[name]?.bind(client) as unknown as (...args: unknown[]) => Call; // made from the definition
  const types = definition[name];
  if (types?.requestStream === true || types?.responseStream === true) {
    const stream = types.requestStream ? open(metadata) : open(request, metadata);
    stream.on('data', (data) => answer(0, '', data));
    stream.on('error', (error) => answer(error.code, error.details, null));
    stream.on('end', () => answer(0, '', null));
    if (types.requestStream) stream.write(request);
    const timer = setTimeout(() => answer(0, 'silent', null), quietMs);
    const outcome = await promise;
    clearTimeout(timer);
    stream.cancel();
    client.close();
    return outcome;
  }
  open(request, metadata, (error: ServiceError | null, response: unknown) =>
    answer(error?.code ?? 0, error?.details ?? '', response ?? null),
  );
  const outcome = await promise;
  client.close();
  return outcome;
}

const chunks: Buffer[] = [];
for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
const job: Job = JSON.parse(Buffer.concat(chunks).toString('utf8'));
const outcomes: Outcome[] = [];
for (const one of job.calls) outcomes.push(await call(job, one));
process.stdout.write(JSON.stringify(outcomes));
