import type { Operation__Output } from '../../proto/gen/yurt/v1/Operation.ts';
import { dateOf, isoOf } from '../output/units.ts';

/** An operation as `-f json`, `-f yaml`, `operation show` and `monitor` show it. */
export function operationRecord(operation: Operation__Output): Record<string, unknown> {
  const { fault, result, progress } = operation;
  return {
    id: operation.id,
    kind: operation.kind,
    description: operation.description,
    status: operationStatus(operation),
    may_cancel: operation.cancelable,
    created_at: isoOf(dateOf(operation.createdAt)),
    updated_at: isoOf(dateOf(operation.updatedAt)),
    resources: operation.resources,
    project: operation.project,
    ...(progress === null ? {} : { progress }),
    ...(fault === null ? {} : { error: fault.message, error_code: fault.code }),
    ...(result === null
      ? {}
      : {
          result: {
            ...(result.instanceName === '' ? {} : { instance_name: result.instanceName }),
            ...(result.imageFingerprint === '' ? {} : { image_fingerprint: result.imageFingerprint }),
            ...(result.warnings.length === 0 ? {} : { warnings: result.warnings }),
          },
        }),
  };
}

/** `Running`. */
export function operationStatus({ status }: Operation__Output): string {
  const word = String(status).replace('OPERATION_STATUS_', '').toLowerCase();
  return word.charAt(0).toUpperCase() + word.slice(1);
}
