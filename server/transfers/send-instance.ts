import type { InstanceExporter } from '../backups/export-instance.ts';
import { Fault } from '../base/fault.ts';
import { ownTask, type Task } from '../base/task.ts';
import type { Events } from '../events/events.ts';
import type { ProjectAdmission } from '../instances/admission.ts';
import { announce } from '../instances/announce.ts';
import type { InstanceDeleter } from '../instances/delete-instance.ts';
import type { HeldWork } from '../instances/held-work.ts';
import { type Instance, resourceOf } from '../instances/instance.ts';
import type { InstanceRecords } from '../instances/instance-records.ts';
import type { Supervisor } from '../instances/supervisor.ts';
import type { OperationView } from '../operations/operation.ts';
import type { Operations } from '../operations/operations.ts';
import type { Snapshot } from '../snapshots/snapshot.ts';
import type { SnapshotRecords } from '../snapshots/snapshot-records.ts';
import { sameMoment } from '../snapshots/take-snapshot.ts';
import { sendAll, withChannel } from './carry.ts';
import type { EndRequest, TransferEnds, WaitingEnd } from './transfer-ends.ts';

/** A snapshot that is on another server: ISO 8601. */
export type KnownSnapshot = Pick<Snapshot, 'name' | 'createdAt'>;

export interface SendInstanceRequest {
  readonly project: string;
  readonly instance: string;
  /** Empty: the instance as it is. */
  readonly snapshot: string;
  readonly instanceOnly: boolean;
  /** What the other end has already. */
  readonly known: readonly KnownSnapshot[];
  /** Deletes the instance when the other end has it. */
  readonly move: boolean;
}

export interface OpenedEnd {
  readonly operation: OperationView;
  readonly secret: string;
}

export interface SendDeps {
  readonly admission: Pick<ProjectAdmission, 'checkAllowed'>;
  readonly records: InstanceRecords;
  readonly snapshots: SnapshotRecords;
  readonly exporter: Pick<InstanceExporter, 'backup'>;
  readonly supervisor: Pick<Supervisor, 'status'>;
  readonly deleter: InstanceDeleter;
  readonly work: HeldWork;
  readonly operations: Operations;
  readonly events: Events;
  readonly ends: TransferEnds;
}

/** Between servers the network is what is slow. */
const compression = 'zstd';

/** The ends that instances leave a server by. */
export class InstanceSender {
  readonly #deps: SendDeps;

  constructor(deps: SendDeps) {
    this.#deps = deps;
  }

  /**
   * Checks first. An instance that is moved is held until the other end has it, and deleted then; of another one what it is
   * now is kept, and it is free from then on. Faults: `not-found`, `forbidden`, `wrong-state`, `invalid`, `exhausted`.
   */
  async open(request: SendInstanceRequest, parties: EndRequest): Promise<OpenedEnd> {
    const { admission, records, snapshots, work, operations, ends } = this.#deps;
    const { project, instance: name, snapshot, move } = request;
    await admission.checkAllowed(project, 'backups');
    const instance = await records.get(project, name);
    if (snapshot !== '') await snapshots.get(instance, snapshot);
    if (move && snapshot !== '') throw new Fault('invalid', 'A snapshot cannot be moved: copy it');
    if (move) await this.#checkMovable(instance);
    using taken = new DisposableStack();
    taken.use(work.hold(instance, move ? 'moved' : 'copied'));
    const end = ends.open(parties);
    const held = taken.move();
    const of = snapshot === '' ? name : `${name}/${snapshot}`;
    const start = { kind: 'instance.send', description: `Sending instance ${of}`, project };
    try {
      const operation = operations.start({ ...start, resources: [resourceOf(instance)] }, async (task) => {
        using _released = held;
        try {
          await this.#send(task, request, end, held);
          return { instanceName: name };
        } catch (error) {
          throw Fault.during(`Cannot ${move ? 'move' : 'copy'} instance "${of}"`, error);
        }
      });
      return { operation, secret: end.secret };
    } catch (error) {
      held.dispose();
      throw error;
    }
  }

  async #send(task: Task, request: SendInstanceRequest, end: WaitingEnd, held: DisposableStack): Promise<void> {
    const { records, exporter } = this.#deps;
    task.report({ stage: 'Waiting for the other server' });
    const connected = await end.connected(task);
    await withChannel(task, connected, async (channel) => {
      const instance = await records.get(request.project, request.instance);
      if (request.move) await this.#checkMovable(instance);
      const content = {
        ...{ snapshot: request.snapshot, instanceOnly: request.instanceOnly, compression },
        known: (snapshot: Snapshot) => request.known.some((other) => sameMoment(snapshot, other)),
      };
      const release = request.move ? () => {} : () => held.dispose();
      await sendAll(task, channel, exporter.backup(task, instance, content, release), 'Sending instance');
    });
    if (request.move) await this.#remove(task, await records.get(request.project, request.instance));
  }

  /** The other server has it: from here on there is no way back. */
  async #remove(task: Task, instance: Instance): Promise<void> {
    const { deleter, events } = this.#deps;
    await deleter.delete(ownTask(task.log), instance);
    announce(events, 'instance-deleted', instance, { reason: 'moved' });
  }

  async #checkMovable(instance: Instance): Promise<void> {
    const { supervisor, deleter } = this.#deps;
    if (supervisor.status(instance.uuid) !== 'stopped') {
      throw new Fault('wrong-state', `Cannot move instance "${instance.name}": it is running, stop it first`);
    }
    if (await deleter.isProtected(instance)) {
      const hint = 'unset security.protection.delete to move it';
      throw new Fault('wrong-state', `Instance "${instance.name}" is protected: ${hint}`);
    }
  }
}
