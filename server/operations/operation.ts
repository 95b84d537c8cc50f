import type { FaultCode } from '../base/fault.ts';
import type { Progress } from '../base/task.ts';

export type OperationStatus = 'running' | 'canceling' | 'succeeded' | 'failed' | 'canceled';

/** What an operation made, for whoever waits for it. */
export interface OperationResult {
  readonly instanceName?: string;
  readonly imageFingerprint?: string;
  readonly warnings?: readonly string[];
}

/** An operation as everybody may see it, at one moment. */
export interface OperationView {
  readonly id: string;
  /** Domain and verb: `instance.create`, `image.build`. */
  readonly kind: string;
  readonly description: string;
  readonly project: string;
  readonly resources: readonly string[];
  readonly status: OperationStatus;
  readonly cancelable: boolean;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly progress?: Progress;
  readonly fault?: { readonly code: FaultCode; readonly message: string };
  readonly result?: OperationResult;
}

export function hasEnded(operation: OperationView): boolean {
  return operation.status !== 'running' && operation.status !== 'canceling';
}
