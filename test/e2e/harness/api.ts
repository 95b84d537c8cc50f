import {
  credentials,
  makeClientConstructor,
  type ServiceClientConstructor,
  type ServiceDefinition,
} from '@grpc/grpc-js';
import { loadApi } from '../../../proto/api.ts';
import type { ExecRequest } from '../../../proto/gen/yurt/v1/ExecRequest.ts';
import type { ExecResponse__Output } from '../../../proto/gen/yurt/v1/ExecResponse.ts';
import type { ExecServiceClient } from '../../../proto/gen/yurt/v1/ExecService.ts';
import type { ExecStart } from '../../../proto/gen/yurt/v1/ExecStart.ts';
import type { FileServiceClient } from '../../../proto/gen/yurt/v1/FileService.ts';
import type { InstanceServiceClient } from '../../../proto/gen/yurt/v1/InstanceService.ts';
import type { Operation__Output } from '../../../proto/gen/yurt/v1/Operation.ts';
import type { OperationServiceClient } from '../../../proto/gen/yurt/v1/OperationService.ts';
import type { ProfileServiceClient } from '../../../proto/gen/yurt/v1/ProfileService.ts';
import type { SessionServiceClient } from '../../../proto/gen/yurt/v1/SessionService.ts';
import type { SnapshotServiceClient } from '../../../proto/gen/yurt/v1/SnapshotService.ts';
import type { WatchOperationResponse__Output } from '../../../proto/gen/yurt/v1/WatchOperationResponse.ts';
import type { Daemon } from './daemon.ts';

/** Clients of one kept connection, as another program than `yurt` would use them. */
export class Api implements Disposable {
  readonly exec: ExecServiceClient;
  readonly files: FileServiceClient;
  readonly instances: InstanceServiceClient;
  readonly operations: OperationServiceClient;
  readonly profiles: ProfileServiceClient;
  readonly sessions: SessionServiceClient;
  readonly snapshots: SnapshotServiceClient;

  constructor(daemon: Daemon) {
    this.exec = client('ExecService', daemon) as unknown as ExecServiceClient; // generated for this very service
    this.files = client('FileService', daemon) as unknown as FileServiceClient; // as above
    this.instances = client('InstanceService', daemon) as unknown as InstanceServiceClient; // as above
    this.operations = client('OperationService', daemon) as unknown as OperationServiceClient; // as above
    this.profiles = client('ProfileService', daemon) as unknown as ProfileServiceClient; // as above
    this.sessions = client('SessionService', daemon) as unknown as SessionServiceClient; // as above
    this.snapshots = client('SnapshotService', daemon) as unknown as SnapshotServiceClient; // as above
  }

  /** Runs a command to its end. `input` is its whole stdin. */
  run(start: ExecStart, input = ''): Promise<Ended> {
    const { promise, resolve, reject } = Promise.withResolvers<Ended>();
    const call = this.exec.Exec();
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    let code: number | undefined;
    let message = '';
    call.on('data', (response: ExecResponse__Output) => {
      if (response.stdout) stdout.push(response.stdout);
      if (response.stderr) stderr.push(response.stderr);
      if (response.exit) ({ code, message } = response.exit);
    });
    call.on('error', reject);
    call.on('end', () => {
      if (code === undefined) reject(new Error('the stream ended without an exit status'));
      else resolve({ code, message, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr) });
    });
    const requests: ExecRequest[] = [{ start }];
    if (input !== '') requests.push({ stdin: Buffer.from(input) });
    requests.push({ closeStdin: {} });
    for (const request of requests) call.write(request);
    return promise;
  }

  /** Waits until an operation has ended, which must be well. */
  async succeeded(operation: Operation__Output | null | undefined): Promise<void> {
    let last = operation;
    for await (const response of this.operations.WatchOperation({ id: operation?.id ?? '' })) {
      last = (response as WatchOperationResponse__Output).operation; // what this call streams
    }
    if (last?.status !== 'OPERATION_STATUS_SUCCEEDED') {
      throw new Error(`${last?.description} ended with ${last?.status}: ${last?.fault?.message}`);
    }
  }

  [Symbol.dispose](): void {
    this.exec.close();
    this.files.close();
    this.instances.close();
    this.operations.close();
    this.profiles.close();
    this.sessions.close();
    this.snapshots.close();
  }
}

export interface Ended {
  readonly code: number;
  readonly message: string;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
}

function client(service: string, daemon: Daemon): InstanceType<ServiceClientConstructor> {
  const definition = loadApi()[`yurt.v1.${service}`] as ServiceDefinition; // a service of the API
  const Client = makeClientConstructor(definition, service);
  return new Client(`unix:${daemon.directory}/unix.socket`, credentials.createInsecure());
}
