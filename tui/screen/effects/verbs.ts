import type { Operation__Output } from '../../../proto/gen/yurt/v1/Operation.ts';
import { Failure } from '../../client/failure.ts';
import { hasEnded } from '../../client/operation.ts';
import { type Verb, verbWords } from '../state/batches.ts';
import type { Creatable, Effect } from '../state/effect.ts';
import { keyOf } from '../state/instance-rows.ts';
import type { LaunchRequest } from '../state/wizard.ts';
import type { Store } from '../store.ts';
import { type LiveConnection, reasonOf } from './live-connection.ts';

/** How many objects of a batch are worked on at the same time. */
const maxAtOnce = 8;

/** Begins what is to be done with one target; without an operation, it is done. */
type Begin = (target: string) => Promise<{ readonly operation?: Operation__Output | null }>;

/** Does things on the server, and follows each to its end. Never throws: results and failures go to the store. */
export class Verbs {
  readonly #live: LiveConnection;
  readonly #store: Store;
  #batches = 0;

  constructor(live: LiveConnection, store: Store) {
    this.#live = live;
    this.#store = store;
  }

  async instances(verb: Verb, targets: readonly string[], force: boolean): Promise<void> {
    await this.#batch(verbWords[verb], targets, (key) => {
      const [project = '', name = ''] = key.split('/');
      return this.#begin(verb, { project, name }, force);
    });
  }

  /** Takes, restores or deletes one snapshot. */
  async snapshot(
    effect: Extract<Effect, { kind: 'create-snapshot' | 'restore-snapshot' | 'delete-snapshot' }>,
  ): Promise<void> {
    const { kind, key, name } = effect;
    const [project = '', instance = ''] = key.split('/');
    const target = { project, instance, name };
    if (kind === 'create-snapshot') {
      return await this.#batch(verbWords.snapshot, [key], () =>
        this.#live.call('SnapshotService', 'CreateSnapshot', target),
      );
    }
    const words = kind === 'delete-snapshot' ? verbWords.delete : { doing: 'Restoring', done: 'Restored' };
    await this.#batch(words, [`${instance}/${name}`], () =>
      kind === 'delete-snapshot'
        ? this.#live.call('SnapshotService', 'DeleteSnapshot', target)
        : this.#live.call('SnapshotService', 'RestoreSnapshot', target),
    );
  }

  async rename(key: string, newName: string): Promise<void> {
    const [project = '', name = ''] = key.split('/');
    await this.#batch({ doing: 'Renaming', done: 'Renamed' }, [key], async () => {
      await this.#live.call('InstanceService', 'MoveInstance', { project, name, newName });
      return {};
    });
  }

  async copy(key: string, name: string): Promise<void> {
    const [project = '', source = ''] = key.split('/');
    await this.#batch({ doing: 'Copying', done: 'Copied' }, [key], () =>
      this.#live.call('InstanceService', 'CopyInstance', { project, source, name }),
    );
  }

  async deleteImages(fingerprints: readonly string[]): Promise<void> {
    const { project } = this.#store.state();
    await this.#batch(verbWords.delete, fingerprints, (image) =>
      this.#live.call('ImageService', 'DeleteImage', { image, project }),
    );
  }

  /** Objects that need no more than a name to begin with. */
  async create(what: Creatable, name: string): Promise<void> {
    const { project } = this.#store.state();
    await this.#batch({ doing: 'Creating', done: 'Created' }, [name], async () => {
      if (what === 'profiles') await this.#live.call('ProfileService', 'CreateProfile', { name, project });
      else await this.#live.call('ProjectService', 'CreateProject', { name });
      return {};
    });
  }

  async deleteObjects(what: Creatable, names: readonly string[]): Promise<void> {
    const { project } = this.#store.state();
    await this.#batch(verbWords.delete, names, async (name) => {
      if (what === 'profiles') await this.#live.call('ProfileService', 'DeleteProfile', { name, project });
      else await this.#live.call('ProjectService', 'DeleteProject', { name });
      return {};
    });
  }

  async cancelOperation(id: string): Promise<void> {
    try {
      const { operation } = await this.#live.call('OperationService', 'CancelOperation', { id });
      if (operation !== null) this.#store.dispatch({ type: 'operation', operation });
    } catch (error) {
      this.#store.dispatch({ type: 'notice', kind: 'bad', text: reasonOf(error) });
    }
  }

  /** Creates an instance; an image that only a recipe has is built before. */
  async launch(request: LaunchRequest): Promise<void> {
    try {
      let name: string;
      try {
        name = await this.#create(request);
      } catch (error) {
        if (!Failure.is(error, 'not-found') || !(await this.#isBuildable(request.image))) throw error;
        await this.#build(request.image);
        name = await this.#create(request);
      }
      const { project } = this.#store.state();
      this.#store.dispatch({ type: 'notice', kind: 'good', text: `${request.start ? 'Launched' : 'Created'} ${name}` });
      this.#store.dispatch({ type: 'launched', key: keyOf({ project, name }) });
    } catch (error) {
      this.#store.dispatch({ type: 'launch-refused', reason: reasonOf(error), request });
    }
  }

  #begin(verb: Verb, target: { project: string; name: string }, force: boolean): ReturnType<Begin> {
    if (verb === 'start') return this.#live.call('InstanceService', 'StartInstance', target);
    if (verb === 'stop') return this.#live.call('InstanceService', 'StopInstance', { ...target, force });
    if (verb === 'restart') return this.#live.call('InstanceService', 'RestartInstance', { ...target, force });
    if (verb === 'pause') return this.#live.call('InstanceService', 'PauseInstance', target);
    if (verb === 'resume') return this.#live.call('InstanceService', 'ResumeInstance', target);
    if (verb === 'snapshot') {
      const { project, name: instance } = target;
      return this.#live.call('SnapshotService', 'CreateSnapshot', { project, instance });
    }
    return this.#live.call('InstanceService', 'DeleteInstance', { ...target, force });
  }

  async #batch(words: { doing: string; done: string }, targets: readonly string[], begin: Begin): Promise<void> {
    if (targets.length === 0) return;
    this.#batches += 1;
    const id = this.#batches;
    this.#store.dispatch({ type: 'batch-begun', id, ...words, targets });
    const waiting = [...targets];
    const work = async () => {
      for (let target = waiting.shift(); target !== undefined; target = waiting.shift()) {
        const failure = await this.#failureOf(begin, target);
        this.#store.dispatch({ type: 'batch-result', id, target, failure });
      }
    };
    await Promise.all(Array.from({ length: Math.min(maxAtOnce, targets.length) }, work));
  }

  async #failureOf(begin: Begin, target: string): Promise<string | undefined> {
    try {
      const { operation } = await begin(target);
      if (operation !== undefined) await this.#ended(operation);
      return undefined;
    } catch (error) {
      return reasonOf(error);
    }
  }

  async #create({ network, pool, profiles, config, ...request }: LaunchRequest): Promise<string> {
    const { project } = this.#store.state();
    const devices = {
      ...(network === '' ? {} : { eth0: { options: { type: 'nic', name: 'eth0', network } } }),
      ...(pool === '' ? {} : { root: { options: { type: 'disk', path: '/', pool } } }),
    };
    const { operation, name } = await this.#live.call('InstanceService', 'CreateInstance', {
      ...{ ...request, project, devices, profiles: [...profiles], config: { ...config } },
    });
    await this.#ended(operation);
    return name;
  }

  async #build(image: string): Promise<void> {
    const { project } = this.#store.state();
    const { operation } = await this.#live.call('ImageService', 'BuildImage', { image, project });
    await this.#ended(operation);
  }

  async #isBuildable(image: string): Promise<boolean> {
    const { recipes } = await this.#live.call('ImageService', 'ListRecipes', {});
    return recipes.some(({ images }) => images.includes(image));
  }

  /** Follows an operation to its end. Throws what it failed with. */
  async #ended(operation: Operation__Output | null): Promise<void> {
    if (operation === null) throw new Failure('The server answered without an operation');
    let last = operation;
    this.#store.dispatch({ type: 'operation', operation: last });
    if (!hasEnded(last)) {
      for await (const { operation: state } of this.#live.present.watch('OperationService', 'WatchOperation', {
        id: operation.id,
      })) {
        if (state === null) continue;
        last = state;
        this.#store.dispatch({ type: 'operation', operation: last });
      }
    }
    if (last.status === 'OPERATION_STATUS_SUCCEEDED') return;
    if (last.status === 'OPERATION_STATUS_CANCELED') throw new Failure('It was canceled');
    throw new Failure(last.fault?.message ?? 'The server stopped reporting about it');
  }
}
