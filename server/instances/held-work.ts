import type { Task } from '../base/task.ts';
import type { OperationResult, OperationView } from '../operations/operation.ts';
import type { OperationRequest, Operations } from '../operations/operations.ts';
import { type Instance, resourceOf } from './instance.ts';
import type { InstanceLocks, Verb } from './instance-locks.ts';

type Named = Pick<Instance, 'project' | 'name'>;

/** Operations that hold instances: nothing else is done to these as long as the work takes. */
export class HeldWork {
  readonly #locks: InstanceLocks;
  readonly #operations: Operations;

  constructor(locks: InstanceLocks, operations: Operations) {
    this.#locks = locks;
    this.#operations = operations;
  }

  /** For a change that is made at once. Dispose to let go. Fault `wrong-state` when it is busy. */
  hold({ project, name }: Named, verb: Verb): Disposable {
    return this.#locks.acquire(project, name, verb);
  }

  /** Takes the locks at once, begins the work, and returns. Fault `wrong-state` when one of them is busy. */
  begin(
    held: readonly (readonly [instance: Named, verb: Verb])[],
    request: Pick<OperationRequest, 'kind' | 'description' | 'cancelable'>,
    work: (task: Task) => Promise<OperationResult>,
  ): OperationView {
    using taken = new DisposableStack();
    for (const [{ project, name }, verb] of held) taken.use(this.#locks.acquire(project, name, verb));
    const [first] = held;
    const project = first?.[0].project ?? '';
    const resources = held.map(([instance]) => resourceOf(instance));
    const locks = taken.move();
    try {
      return this.#operations.start({ ...request, project, resources }, async (task) => {
        using _released = locks;
        return await work(task);
      });
    } catch (error) {
      locks.dispose();
      throw error;
    }
  }

  /** Resolves when what was begun has ended, well or not: nothing is held any more. */
  async ended({ id }: OperationView): Promise<void> {
    for await (const _ of this.#operations.watch(id, new AbortController().signal));
  }
}
