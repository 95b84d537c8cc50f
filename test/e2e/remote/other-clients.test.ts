import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { makeKeyPair } from '../../../proto/remote/certificate.ts';
import { run } from '../../../server/host/run.ts';
import { Daemon, projectRoot } from '../harness/daemon.ts';
import { template } from '../harness/template.ts';

const longMs = 4 * 60_000;
/** Debian's, whatever other Python comes first in the path. */
const python = '/usr/bin/python3';

describe('clients on the network that others wrote', { timeout: longMs }, () => {
  let yurt: Daemon;
  let files: readonly string[] = [];

  before(
    async () => {
      const has = await run([python, '-c', 'import grpc, grpc_tools']);
      assert.equal(has.exitCode, 0, 'Install python3-grpcio and python3-grpc-tools: sh bin/setup --tests');
      yurt = await Daemon.start(await template('tiny'));
      await yurt.ok('config', 'set', 'core.https_address=127.0.0.1:8443');
      const { certificatePem, keyPem } = await makeKeyPair({ commonName: 'python', use: 'client' });
      const own = ['python.crt', 'python.key'].map((name) => join(yurt.directory, name));
      for (const [index, text] of [certificatePem, keyPem].entries())
        writeFileSync(own[index] ?? '', text, { mode: 0o600 });
      await yurt.ok('config', 'trust', 'add-certificate', own[0] ?? '');
      files = [join(yurt.directory, 'state/server.crt'), ...own];
    },
    { timeout: longMs },
  );

  after(async () => await yurt[Symbol.asyncDispose]());

  /** What protoc makes of files of the API. */
  async function generate(name: string, root: string, protos: readonly string[]): Promise<string> {
    const directory = join(yurt.directory, name);
    mkdirSync(directory);
    const { exitCode, stderr } = await run([
      ...[python, '-m', 'grpc_tools.protoc', `-I${root}`],
      ...[`--python_out=${directory}`, `--grpc_python_out=${directory}`, ...protos],
    ]);
    assert.equal(exitCode, 0, stderr);
    return directory;
  }

  it('launch, execute and delete with what is generated from proto/', async () => {
    const root = join(projectRoot, 'proto');
    const protos = readdirSync(join(root, 'yurt/v1')).map((name) => join(root, 'yurt/v1', name));
    const generated = await generate('generated', root, protos);
    const program = [python, join(import.meta.dirname, 'client.py'), generated, '127.0.0.1:8443', ...files];
    const { exitCode, stdout, stderr } = await yurt.inNetwork(program);
    assert.equal(exitCode, 0, stderr);
    assert.deepEqual(stdout.split('\n'), [
      'instance.launch OPERATION_STATUS_SUCCEEDED ',
      'hello from python',
      'exit 3',
      'NOT_FOUND not-found',
      'instance.delete OPERATION_STATUS_SUCCEEDED ',
      '',
    ]);
  });

  it('find the standard health service behind TLS', async () => {
    const health = join(projectRoot, 'node_modules/grpc-health-check/proto/health/v1');
    const generated = await generate('health', health, [join(health, 'health.proto')]);
    const script = `
import sys
sys.path.insert(0, sys.argv[1])
import grpc, health_pb2, health_pb2_grpc
pems = [open(path, "rb").read() for path in sys.argv[2:]]
credentials = grpc.ssl_channel_credentials(pems[0], pems[2], pems[1])
channel = grpc.secure_channel("127.0.0.1:8443", credentials, [("grpc.ssl_target_name_override", "localhost")])
print(health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest()).status)
`;
    const { stdout, stderr } = await yurt.inNetwork([python, '-c', script, generated, ...files]);
    assert.equal(stdout, '1\n', stderr);
  });

  it('call what the server describes, without a file of proto/', async () => {
    const reflection = join(projectRoot, 'node_modules/@grpc/reflection/build/proto/grpc/reflection/v1');
    const generated = await generate('reflection', reflection, [join(reflection, 'reflection.proto')]);
    const program = [python, join(import.meta.dirname, 'stranger.py'), generated, '127.0.0.1:8443', ...files];
    const { stdout, stderr } = await yurt.inNetwork(program);
    assert.equal(stdout, 'told\n', stderr);
    assert.equal(await yurt.ok('profile', 'get', 'told', 'user.by'), 'reflection\n');
  });
});
