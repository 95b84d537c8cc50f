import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import {
  type ClientDuplexStream,
  credentials,
  makeClientConstructor,
  type ServiceClientConstructor,
  type ServiceDefinition,
} from '@grpc/grpc-js';
import { loadFileDescriptorSetFromBuffer, loadSync, type PackageDefinition } from '@grpc/proto-loader';
import { Daemon } from './harness/daemon.ts';
import { template } from './harness/template.ts';

const require = createRequire(import.meta.url);
type Client = InstanceType<ServiceClientConstructor>;

/** What any client can do that has never seen yurt's own .proto files, as grpcurl and its like. */
describe('the API to a stranger', () => {
  let yurt: Daemon;
  const clients: Client[] = [];

  const client = (api: PackageDefinition, service: string): Client => {
    const definition = api[service] as ServiceDefinition; // named by the caller
    const made = new (makeClientConstructor(definition, service))(
      `unix:${yurt.directory}/unix.socket`,
      credentials.createInsecure(),
    );
    clients.push(made);
    return made;
  };

  before(async () => {
    yurt = await Daemon.start(await template('tiny'));
    await yurt.ok('init', 'tiny', 'seen');
  });

  after(async () => {
    for (const each of clients) each.close();
    await yurt[Symbol.asyncDispose]();
  });

  it('says by the standard health service that it serves', async () => {
    const proto = join(dirname(require.resolve('grpc-health-check/package.json')), 'proto/health/v1/health.proto');
    const health = client(loadSync(proto, { enums: String }), 'grpc.health.v1.Health');
    const { status } = await unary<{ status: string }>(health, 'Check', { service: '' });
    assert.equal(status, 'SERVING');
  });

  it('describes itself by reflection well enough to be called', async () => {
    const services = (await reflect({ listServices: '' })).listServicesResponse?.service.map(({ name }) => name) ?? [];
    for (const name of [
      'Instance',
      'Exec',
      'Console',
      'Image',
      'Profile',
      'Network',
      'Storage',
      'Operation',
      'Event',
      'Server',
    ]) {
      assert.ok(services.includes(`yurt.v1.${name}Service`), name);
    }
    const files = (await reflect({ fileContainingSymbol: 'yurt.v1.InstanceService' })).fileDescriptorResponse;
    // A file may come more than once, with each that needs it: clients keep them by name.
    const distinct = new Map((files?.fileDescriptorProto ?? []).map((file) => [file.toString('base64'), file]));
    const set = Buffer.concat([...distinct.values()].map(fieldOne));
    const api = loadFileDescriptorSetFromBuffer(set, { enums: String });
    const { instances } = await unary<{ instances: { name: string; status: string }[] }>(
      client(api, 'yurt.v1.InstanceService'),
      'ListInstances',
      {},
    );
    assert.deepEqual(
      instances.map(({ name, status }) => [name, status]),
      [['seen', 'INSTANCE_STATUS_STOPPED']],
    );
  });

  interface Reflected {
    readonly listServicesResponse?: { readonly service: readonly { readonly name: string }[] };
    readonly fileDescriptorResponse?: { readonly fileDescriptorProto: readonly Buffer[] };
  }

  async function reflect(request: object): Promise<Reflected> {
    const root = dirname(require.resolve('@grpc/reflection/package.json'));
    const proto = join(root, 'build/proto/grpc/reflection/v1/reflection.proto');
    const reflection = client(loadSync(proto), 'grpc.reflection.v1.ServerReflection');
    const call = (
      reflection as unknown as { ServerReflectionInfo(): ClientDuplexStream<object, Reflected> }
    ).ServerReflectionInfo();
    call.write(request);
    call.end();
    for await (const response of call) return response;
    throw new Error('no answer');
  }
});

/** A FileDescriptorSet holds its files as field 1: tag, length, bytes. */
function fieldOne(file: Buffer): Buffer {
  const length: number[] = [];
  for (let rest = file.length; ; rest >>>= 7) {
    length.push(rest > 127 ? (rest & 127) | 128 : rest);
    if (rest <= 127) break;
  }
  return Buffer.concat([Buffer.from([10, ...length]), file]);
}

async function unary<Response>(target: Client, method: string, request: object): Promise<Response> {
  const call = (
    target as unknown as Record<
      string,
      (request: object, done: (error: Error | null, response: Response) => void) => void
    >
  )[method];
  if (call === undefined) throw new Error(`no method ${method}`);
  return await new Promise((resolve, reject) => {
    call.call(target, request, (error, response) => (error === null ? resolve(response) : reject(error)));
  });
}
