import { Fault } from '../base/fault.ts';
import type { Task } from '../base/task.ts';
import type { Events } from '../events/events.ts';
import type { OperationView } from '../operations/operation.ts';
import { announce } from './announce.ts';
import type { CopyRequest, InstanceCopier } from './copy-instance.ts';
import type { SourceImage } from './create-instance.ts';
import type { HeldWork } from './held-work.ts';
import { type Instance, resourceOf } from './instance.ts';
import type { InstanceRecords } from './instance-records.ts';
import { checkInstanceName } from './name.ts';
import type { InstanceRebuilder } from './rebuild-instance.ts';
import type { InstanceRefresher } from './refresh-instance.ts';
import { stayInPool } from './stay-in-pool.ts';
import type { Supervisor } from './supervisor.ts';

export interface MovesDeps {
  readonly records: InstanceRecords;
  readonly work: HeldWork;
  readonly events: Events;
  readonly supervisor: Pick<Supervisor, 'status'>;
  readonly copier: InstanceCopier;
  readonly rebuilder: InstanceRebuilder;
  readonly refresher: InstanceRefresher;
  readonly image: (project: string, reference: string) => Promise<SourceImage>;
  /** Fault `not-found`. */
  readonly pool: (name: string) => unknown;
  /** Starts an instance that the caller holds. */
  readonly start: (task: Task, instance: Instance) => Promise<void>;
}

export interface MoveRequest {
  readonly project: string;
  readonly name: string;
  /** Empty: the same. */
  readonly newName: string;
  readonly targetProject: string;
  /** Empty, or the pool that it is in: there is no way into another. */
  readonly pool: string;
}

/** The verbs that make another instance of one: copies, other names, other roots. */
export class InstanceMoves {
  readonly #deps: MovesDeps;

  constructor(deps: MovesDeps) {
    this.#deps = deps;
  }

  async copy(request: CopyRequest, start: boolean): Promise<{ name: string; operation: OperationView }> {
    const { copier, work, records } = this.#deps;
    const existing = request.refresh ? await records.find(request.targetProject, request.name) : undefined;
    if (existing !== undefined) return await this.#refresh(request, existing, start);
    const plan = await copier.plan(request);
    const { source, request: checked } = plan;
    const { name, targetProject: project } = checked;
    const from = request.snapshot === '' ? source.name : `${source.name}/${request.snapshot}`;
    const description = `Copying instance ${from} to ${name}`;
    const held = [
      [{ name, project }, 'created'],
      [source, 'copied'],
    ] as const;
    const operation = work.begin(held, { kind: 'instance.copy', description }, async (task) => {
      const made = await during(`Cannot copy instance "${from}"`, () => copier.copy(task, plan));
      this.#announce('instance-created', made, { source: resourceOf(source) });
      if (start) await this.#deps.start(task, made);
      return { instanceName: made.name };
    });
    return { name, operation };
  }

  async #refresh(
    request: CopyRequest,
    { name, project }: Instance,
    start: boolean,
  ): Promise<{ name: string; operation: OperationView }> {
    const { records, refresher, work } = this.#deps;
    const { snapshot, config, devices, profiles, ephemeral } = request;
    if ([config, devices].some((given) => Object.keys(given).length > 0) || profiles !== undefined || ephemeral) {
      throw new Fault(
        'invalid',
        `Instance "${name}" exists: refreshing it changes root and snapshots, no configuration`,
      );
    }
    const now = async () => ({
      source: await records.get(request.project, request.source),
      target: await records.get(project, name),
      ...{ snapshot, instanceOnly: request.instanceOnly },
    });
    const planned = await now();
    await refresher.check(planned);
    const { source, target } = planned;
    stayInPool(target, request.pool, this.#deps.pool);
    const held = [
      [target, 'refreshed'],
      [source, 'copied'],
    ] as const;
    const description = `Refreshing instance ${name} from ${source.name}`;
    const operation = work.begin(held, { kind: 'instance.refresh', description }, async (task) => {
      const refreshed = await during(`Cannot refresh instance "${name}"`, async () =>
        refresher.refresh(task, await now()),
      );
      this.#announce('instance-updated', refreshed, { source: resourceOf(source) });
      if (start) await this.#deps.start(task, refreshed);
      return { instanceName: name };
    });
    return { name, operation };
  }

  /** Gives a stopped instance another name, or puts it into another project. */
  async move(request: MoveRequest): Promise<Instance> {
    const { records, work, supervisor } = this.#deps;
    const name = request.newName === '' ? request.name : request.newName;
    checkInstanceName(name);
    const target = { name, project: request.targetProject };
    const found = await records.get(request.project, request.name);
    stayInPool(found, request.pool, this.#deps.pool);
    const same = name === request.name && target.project === request.project;
    if (same)
      throw new Fault(
        'invalid',
        `Instance "${name}" ${request.pool === '' ? 'has that name' : `is in storage pool "${found.pool}"`} already`,
      );
    using _old = work.hold(request, 'renamed');
    using _new = work.hold(target, 'renamed');
    if (supervisor.status(found.uuid) !== 'stopped') {
      throw new Fault('wrong-state', `Cannot rename instance "${request.name}": it is running, stop it first`);
    }
    const moved = await records.move(await records.get(request.project, request.name), target);
    this.#announce('instance-renamed', moved, { old_name: request.name, old_project: request.project });
    return moved;
  }

  async rebuild(project: string, name: string, reference: string, force: boolean): Promise<OperationView> {
    const { records, rebuilder, work, image } = this.#deps;
    const instance = await records.get(project, name);
    const found = await image(project, reference);
    rebuilder.check(instance, found, force);
    const request = { kind: 'instance.rebuild', description: `Rebuilding instance ${name}` };
    return work.begin([[instance, 'rebuilt']], request, async (task) => {
      const now = await records.get(project, name);
      await during(`Cannot rebuild instance "${name}"`, async () => {
        rebuilder.check(now, found, force);
        await rebuilder.rebuild(task, now, found);
      });
      this.#announce('instance-rebuilt', now);
      return { instanceName: name };
    });
  }

  #announce(action: string, instance: Instance, context: Readonly<Record<string, string>> = {}): void {
    announce(this.#deps.events, action, instance, context);
  }
}

async function during<Result>(action: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw Fault.during(action, error);
  }
}
