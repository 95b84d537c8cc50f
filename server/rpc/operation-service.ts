import type { OperationServiceHandlers } from '../../proto/gen/yurt/v1/OperationService.ts';
import { Fault } from '../base/fault.ts';
import type { OperationView } from '../operations/operation.ts';
import type { Operations } from '../operations/operations.ts';
import { encodeOperation } from './encode.ts';
import { sees } from './identity.ts';
import { projectOf } from './project.ts';
import type { Call, Handlers } from './router.ts';

export function operationService(operations: Operations): Handlers<OperationServiceHandlers> {
  return {
    ListOperations: async (_call, request) => {
      const project = projectOf(request);
      const shown = operations.list().filter((one) => request.allProjects || one.project === project);
      return { operations: shown.map(encodeOperation) };
    },
    GetOperation: async (call, { id }) => ({ operation: encodeOperation(visible(call, operations, id)) }),
    WatchOperation: (call, { id }) => encoded(operations.watch(visible(call, operations, id).id, call.signal)),
    CancelOperation: async (call, { id }) => ({
      operation: encodeOperation(operations.cancel(visible(call, operations, id).id)),
    }),
  };
}

async function* encoded(views: AsyncIterable<OperationView>) {
  for await (const view of views) yield { operation: encodeOperation(view) };
}

/** Fault `not-found`, also for one of a project that the caller cannot see. */
function visible({ identity }: Call, operations: Operations, id: string): OperationView {
  const view = operations.get(id);
  if (!sees(identity, view.project)) throw new Fault('not-found', `Operation "${id.slice(0, 80)}" does not exist`);
  return view;
}
