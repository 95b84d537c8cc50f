import type { BackupServiceHandlers } from '../../proto/gen/yurt/v1/BackupService.ts';
import type { ImportInstanceRequest__Output } from '../../proto/gen/yurt/v1/ImportInstanceRequest.ts';
import type { InstanceExporter } from '../backups/export-instance.ts';
import type { InstanceImporter } from '../backups/import-instance.ts';
import { Fault } from '../base/fault.ts';
import type { Task } from '../base/task.ts';
import { decodeDevices } from './decode.ts';
import { firstMessage } from './first-message.ts';
import { projectOf } from './project.ts';
import { type Call, type Handlers, messagesOf } from './router.ts';
import { widenUpload } from './upload-window.ts';
import { writeTo } from './write-message.ts';

export interface BackupServiceDeps {
  readonly exporter: InstanceExporter;
  readonly importer: InstanceImporter;
}

/** Messages stay far below what gRPC takes. */
const maxDataBytes = 256 * 1024;

export function backupService({ exporter, importer }: BackupServiceDeps): Handlers<BackupServiceHandlers> {
  return {
    ExportInstance: async function* exportInstance(call, request) {
      if (request.instance === '') throw new Fault('invalid', 'The name of the instance is missing');
      const { instance, instanceOnly, compression } = request;
      const wanted = { project: projectOf(request), instance, instanceOnly, compression };
      for await (const bytes of exporter.export(taskOf(call), wanted)) {
        for (let at = 0; at < bytes.length; at += maxDataBytes) {
          yield { data: Buffer.from(bytes.subarray(at, at + maxDataBytes)) };
        }
      }
    },
    ImportInstance: async (call, stream) => {
      const requests = messagesOf(call, stream);
      const start = await firstMessage(requests);
      widenUpload(stream);
      const { name, pool } = start;
      const wanted = { project: projectOf(start), name, pool, devices: decodeDevices(start.devices) };
      const { instance, warnings } = await importer.import(taskOf(call), wanted, dataOf(requests));
      await writeTo(stream, { name: instance.name, warnings: [...warnings] }, call.signal);
    },
  };
}

function taskOf({ signal, log }: Call): Task {
  return { signal, log, report() {} };
}

async function* dataOf(requests: AsyncIterable<ImportInstanceRequest__Output>): AsyncGenerator<Uint8Array, void, void> {
  for await (const { message, data } of requests) {
    if (message !== 'data') throw new Fault('invalid', 'Only data may follow the first message');
    yield data ?? new Uint8Array(0);
  }
}
