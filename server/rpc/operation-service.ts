import type { OperationServiceHandlers } from '../../proto/gen/yurt/v1/OperationService.ts';
import type { OperationView } from '../operations/operation.ts';
import type { Operations } from '../operations/operations.ts';
import { encodeOperation } from './encode.ts';
import type { Handlers } from './router.ts';

export function operationService(operations: Operations): Handlers<OperationServiceHandlers> {
  return {
    ListOperations: async () => ({ operations: operations.list().map(encodeOperation) }),
    GetOperation: async (_call, { id }) => ({ operation: encodeOperation(operations.get(id)) }),
    WatchOperation: (call, { id }) => encoded(operations.watch(id, call.signal)),
    CancelOperation: async (_call, { id }) => ({ operation: encodeOperation(operations.cancel(id)) }),
  };
}

async function* encoded(views: AsyncIterable<OperationView>) {
  for await (const view of views) yield { operation: encodeOperation(view) };
}
