import { Fault } from '../base/fault.ts';
import { ownTask, type Task } from '../base/task.ts';
import type { Events } from '../events/events.ts';
import type { OperationView } from '../operations/operation.ts';
import type { OperationRequest, Operations } from '../operations/operations.ts';
import type { ExitReason, Runtime } from '../runtime/contract.ts';
import { announce } from './announce.ts';
import type { BootFollower } from './boot-follower.ts';
import type { CreatePlan, CreateRequest, InstanceCreator } from './create-instance.ts';
import type { InstanceDeleter } from './delete-instance.ts';
import { type Instance, resourceOf } from './instance.ts';
import type { InstanceLocks, Verb } from './instance-locks.ts';
import type { InstanceRecords } from './instance-records.ts';
import type { InstanceStarter } from './start-instance.ts';
import type { InstanceStopper, StopRequest } from './stop-instance.ts';
import type { Supervisor } from './supervisor.ts';

export interface InstancesDeps {
  readonly log: Task['log'];
  readonly records: InstanceRecords;
  readonly locks: InstanceLocks;
  readonly operations: Operations;
  readonly events: Events;
  readonly creator: InstanceCreator;
  readonly starter: InstanceStarter;
  readonly stopper: InstanceStopper;
  readonly deleter: InstanceDeleter;
  readonly supervisor: Supervisor;
  readonly follower: BootFollower;
  readonly runtime: Pick<Runtime, 'expectCreate' | 'pause' | 'resume'>;
  /** What is due before an instance is started, whose caller holds it; `check` faults when it cannot start at all. */
  readonly beforeStart: (task: Task, instance: Instance, check: () => Promise<unknown>) => Promise<void>;
  /** Ends what works on the files of a stopped instance. */
  readonly freeRoot: (instance: Pick<Instance, 'project' | 'name'>) => Promise<void>;
}

/** The verbs of instances: each checks, takes the instance's lock, works as an operation, and announces what is true. */
export class Instances {
  readonly #deps: InstancesDeps;

  constructor(deps: InstancesDeps) {
    this.#deps = deps;
  }

  /** Checks first, so that a wrong request is refused at once and not by a failed operation. */
  async create(request: CreateRequest, start: boolean): Promise<{ name: string; operation: OperationView }> {
    const plan = await this.#deps.creator.plan(request);
    const { name, project } = plan.request;
    const kind = start ? 'instance.launch' : 'instance.create';
    const description = start ? `Launching instance ${name}` : `Creating instance ${name}`;
    const operation = this.#locked({ project, name }, 'created', { kind, description }, async (task) => {
      using _soon = start ? this.#deps.runtime.expectCreate() : undefined;
      const instance = await this.#create(task, plan);
      if (start) await this.#begin(task, instance);
    });
    return { name, operation };
  }

  async start(project: string, name: string): Promise<OperationView> {
    const instance = await this.#deps.records.get(project, name);
    const status = this.#deps.supervisor.status(instance.uuid);
    if (status === 'paused') return await this.resume(project, name);
    if (status === 'running') throw new Fault('wrong-state', 'The instance is already running');
    const request = { kind: 'instance.start', description: `Starting instance ${name}` };
    return this.#locked(instance, 'started', request, async (task) => {
      await this.#deps.supervisor.ended(instance.uuid);
      await this.#begin(task, await this.#deps.records.get(project, name));
    });
  }

  async stop(project: string, name: string, stop: StopRequest): Promise<OperationView> {
    const { records, locks, supervisor, stopper, operations } = this.#deps;
    const instance = await records.get(project, name);
    if (supervisor.status(instance.uuid) === 'stopped') {
      throw new Fault('wrong-state', 'The instance is already stopped');
    }
    const request = { kind: 'instance.stop', description: `Stopping instance ${name}` };
    const held = locks.current(project, name);
    if (stop.force && (held === 'stopped' || held === 'restarted')) {
      // Killing an instance that does not come to an end is just what force is for: it helps the verb that waits.
      const resources = [resourceOf(instance)];
      return operations.start({ ...request, project, resources }, async (task) => {
        await stopper.stop(task, instance, stop);
        return { instanceName: name };
      });
    }
    return this.#locked(instance, 'stopped', request, async (task) => {
      await this.#stop(task, instance, stop);
    });
  }

  async restart(project: string, name: string, stop: StopRequest): Promise<OperationView> {
    const instance = await this.#deps.records.get(project, name);
    if (this.#deps.supervisor.status(instance.uuid) === 'stopped') {
      throw new Fault('wrong-state', 'The instance is not running');
    }
    const request = { kind: 'instance.restart', description: `Restarting instance ${name}` };
    return this.#locked(instance, 'restarted', request, async (task) => {
      // What cannot start again is not stopped.
      const { starter, records } = this.#deps;
      await during('restart', instance, async () => await starter.check(await records.get(project, name)));
      await this.#deps.stopper.stop(task, instance, stop);
      await this.#begin(task, await this.#deps.records.get(project, name));
      announce(this.#deps.events, 'instance-restarted', instance);
    });
  }

  async pause(project: string, name: string): Promise<OperationView> {
    const instance = await this.#deps.records.get(project, name);
    this.#mustBe(instance, 'running', 'The instance is not running');
    const request = { kind: 'instance.pause', description: `Pausing instance ${name}` };
    return this.#locked(instance, 'paused', request, async () => {
      await this.#deps.runtime.pause(instance.uuid);
      this.#deps.supervisor.setPaused(instance.uuid, true);
      announce(this.#deps.events, 'instance-paused', instance);
    });
  }

  async resume(project: string, name: string): Promise<OperationView> {
    const instance = await this.#deps.records.get(project, name);
    this.#mustBe(instance, 'paused', 'The instance is not paused');
    const request = { kind: 'instance.resume', description: `Resuming instance ${name}` };
    return this.#locked(instance, 'resumed', request, async () => {
      await this.#deps.runtime.resume(instance.uuid);
      this.#deps.supervisor.setPaused(instance.uuid, false);
      announce(this.#deps.events, 'instance-resumed', instance);
    });
  }

  async delete(project: string, name: string, force: boolean): Promise<OperationView> {
    const { records, supervisor, stopper, deleter, events } = this.#deps;
    const instance = await records.get(project, name);
    if (supervisor.status(instance.uuid) !== 'stopped' && !force) {
      throw new Fault('wrong-state', 'The instance is currently running, stop it first or pass --force');
    }
    if (await deleter.isProtected(instance)) {
      throw new Fault('wrong-state', `Instance "${name}" is protected: unset security.protection.delete to delete it`);
    }
    const request = { kind: 'instance.delete', description: `Deleting instance ${name}` };
    return this.#locked(instance, 'deleted', { ...request, cancelable: false }, async (task) => {
      if (supervisor.status(instance.uuid) !== 'stopped') {
        await stopper.stop(task, instance, { force: true, timeoutSeconds: 0 });
      }
      await deleter.delete(task, instance);
      announce(events, 'instance-deleted', instance);
    });
  }

  /** What happens when an instance has ended, however it did. */
  async afterEnd(instance: Instance, reason: ExitReason): Promise<void> {
    const { follower, events, locks, deleter, log } = this.#deps;
    follower.forget(instance.uuid);
    const context =
      reason.kind === 'exited' ? { reason: reason.kind, status: String(reason.status) } : { reason: reason.kind };
    const verb = locks.current(instance.project, instance.name);
    const asked = verb !== undefined && verb !== 'changed';
    // A change that is under way notices the end and gives up; what follows needs the lock.
    if (verb === 'changed') await locks.released(instance.project, instance.name);
    if (reason.kind === 'rebooted' && !asked) {
      await this.#restartItself(instance);
      return;
    }
    announce(
      events,
      reason.kind === 'powered-off' && !asked ? 'instance-shutdown' : 'instance-stopped',
      instance,
      context,
    );
    // `stop` deletes an ephemeral instance itself, while it holds the lock; `restart` keeps it.
    if (!instance.ephemeral || asked || (await deleter.isProtected(instance))) return;
    await deleter.delete(ownTask(log), instance);
    announce(events, 'instance-deleted', instance);
  }

  async #restartItself(instance: Instance): Promise<void> {
    const request = { kind: 'instance.restart', description: `Restarting instance ${instance.name}` };
    this.#locked(instance, 'restarted', request, async (task) => {
      // Nothing else is due: how often it reboots is for the instance to say, not what that leaves behind.
      await this.#start(task, await this.#deps.records.get(instance.project, instance.name));
      announce(this.#deps.events, 'instance-restarted', instance, { reason: 'rebooted' });
    });
  }

  async #create(task: Task, plan: CreatePlan): Promise<Instance> {
    return await during('create', plan.request, async () => {
      const instance = await this.#deps.creator.create(task, plan);
      announce(this.#deps.events, 'instance-created', instance);
      return instance;
    });
  }

  async #begin(task: Task, instance: Instance): Promise<void> {
    const { starter, beforeStart } = this.#deps;
    await during('start', instance, () => beforeStart(task, instance, () => starter.check(instance)));
    await this.#start(task, instance);
  }

  /** For a caller that holds the instance, and starts it again after what it had stopped it for. */
  async startHeld(task: Task, instance: Instance): Promise<void> {
    await this.#start(task, instance);
  }

  async #start(task: Task, instance: Instance): Promise<void> {
    const { starter, supervisor, follower, events } = this.#deps;
    await during('start', instance, async () => {
      const started = await starter.start(task, instance);
      supervisor.watch(started);
      follower.follow(started);
      announce(events, 'instance-started', started);
    });
  }

  async #stop(task: Task, instance: Instance, stop: StopRequest): Promise<void> {
    const { stopper, deleter, events } = this.#deps;
    await during('stop', instance, () => stopper.stop(task, instance, stop));
    const now = await this.#deps.records.get(instance.project, instance.name);
    if (!now.ephemeral || (await deleter.isProtected(now))) return;
    await deleter.delete(task, now);
    announce(events, 'instance-deleted', now);
  }

  #mustBe(instance: Instance, status: 'running' | 'paused', message: string): void {
    if (this.#deps.supervisor.status(instance.uuid) !== status) throw new Fault('wrong-state', message);
  }

  #locked(
    instance: Pick<Instance, 'project' | 'name'>,
    verb: Verb,
    request: Pick<OperationRequest, 'kind' | 'description' | 'cancelable'>,
    work: (task: Task) => Promise<void>,
  ): OperationView {
    const { project, name } = instance;
    const lock = this.#deps.locks.acquire(project, name, verb);
    try {
      return this.#deps.operations.start({ ...request, project, resources: [resourceOf(instance)] }, async (task) => {
        using _released = lock;
        await this.#deps.freeRoot(instance);
        await work(task);
        return { instanceName: name };
      });
    } catch (error) {
      lock[Symbol.dispose]();
      throw error;
    }
  }
}

/** What goes wrong says what was being done, and to which instance. */
async function during<Result>(verb: string, { name }: { name: string }, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw Fault.during(`Cannot ${verb} instance "${name}"`, error);
  }
}
