import type { OperationServiceHandlers } from '../../proto/gen/yurt/v1/OperationService.ts';
import type { OperationView } from '../operations/operation.ts';
import type { Operations } from '../operations/operations.ts';
import { encodeOperation } from './encode.ts';
import { projectOf } from './project.ts';
import type { Handlers } from './router.ts';

export function operationService(operations: Operations): Handlers<OperationServiceHandlers> {
  return {
    ListOperations: async (_call, request) => {
      const project = projectOf(request);
      const shown = operations.list().filter((one) => request.allProjects || one.project === project);
      return { operations: shown.map(encodeOperation) };
    },
    GetOperation: async (_call, { id }) => ({ operation: encodeOperation(operations.get(id)) }),
    WatchOperation: (call, { id }) => encoded(operations.watch(id, call.signal)),
    CancelOperation: async (_call, { id }) => ({
      operation: encodeOperation(operations.cancel(id)),
    }),
  };
}

async function* encoded(views: AsyncIterable<OperationView>) {
  for await (const view of views) yield { operation: encodeOperation(view) };
}
