import type { Operation__Output } from '../../../proto/gen/yurt/v1/Operation.ts';
import { serverAndName } from '../../arguments/remote-words.ts';
import { Failure } from '../../client/failure.ts';
import { deviceMessages } from '../../config/instance-subject.ts';
import { deviceOptions } from '../../instances/device-options.ts';
import { devicesRecord } from '../../instances/record.ts';
import type { LaunchRequest } from '../forms/launch.ts';
import { nameOf, type Verb, verbWords } from '../state/batches.ts';
import { drafted } from '../state/draft.ts';
import type { Effect } from '../state/effect.ts';
import { keyOf } from '../state/instance-rows.ts';
import { shownTable } from '../state/state.ts';
import type { Store } from '../store.ts';
import { keyWord } from '../views/key-word.ts';
import type { Batches, Begun } from './batches.ts';
import { type LiveConnection, reasonOf } from './live-connection.ts';
import type { Elsewhere } from './remotes.ts';
import type { Servers } from './servers.ts';

type OfKind<Kind extends Effect['kind']> = Extract<Effect, { kind: Kind }>;

/** Does things with instances, and follows each to its end. Never throws: results and failures go to the store. */
export class Verbs {
  readonly #servers: Servers;
  readonly #store: Store;
  readonly #batches: Batches;
  readonly #elsewhere: Pick<Elsewhere, 'names' | 'copyImage'>;

  constructor(servers: Servers, store: Store, batches: Batches, elsewhere: Pick<Elsewhere, 'names' | 'copyImage'>) {
    this.#servers = servers;
    this.#elsewhere = elsewhere;
    this.#store = store;
    this.#batches = batches;
  }

  async instances(verb: Verb, targets: readonly string[], force: boolean): Promise<void> {
    await this.#batches.run(verbWords[verb], targets, async (key) => {
      const { live, ...target } = this.#servers.placeOf(key);
      return { live, operation: (await begun(live, verb, target, force)).operation };
    });
  }

  /** Takes, restores, renames or deletes one snapshot, or says when it expires. */
  async snapshot(
    effect: OfKind<'create-snapshot' | 'restore-snapshot' | 'delete-snapshot' | 'rename-snapshot' | 'snapshot-expiry'>,
  ): Promise<void> {
    const { kind, key, name } = effect;
    const words = snapshotWords[kind];
    const target = kind === 'create-snapshot' ? key : `${nameOf(key)}/${name}`;
    await this.#batches.run(words, [target], async (): Promise<Begun> => {
      const { live, project, name: instance } = this.#servers.placeOf(key);
      const snapshot = { project, instance, name };
      switch (effect.kind) {
        case 'create-snapshot':
          return { live, ...(await live.call('SnapshotService', 'CreateSnapshot', snapshot)) };
        case 'restore-snapshot':
          return { live, ...(await live.call('SnapshotService', 'RestoreSnapshot', snapshot)) };
        case 'delete-snapshot':
          return { live, ...(await live.call('SnapshotService', 'DeleteSnapshot', snapshot)) };
        case 'rename-snapshot':
          await live.call('SnapshotService', 'RenameSnapshot', { ...snapshot, newName: effect.to });
          return { live };
        case 'snapshot-expiry':
          await live.call('SnapshotService', 'SetSnapshotExpiry', { ...snapshot, expiry: effect.expiry });
          return { live };
      }
    });
  }

  /** Another name, another project, or both. */
  async move(key: string, to: { readonly name: string; readonly project: string }): Promise<void> {
    const { live, project, name } = this.#servers.placeOf(key);
    const words = to.project === project ? ['Renaming', 'Renamed'] : ['Moving', 'Moved'];
    await this.#batches.run({ doing: words[0] ?? '', done: words[1] ?? '' }, [key], async () => {
      await live.call('InstanceService', 'MoveInstance', {
        ...{ project, name, newName: to.name === name ? '' : to.name },
        targetProject: to.project === project ? '' : to.project,
      });
      return { live };
    });
  }

  async copy(key: string, name: string): Promise<void> {
    await this.#batches.run({ doing: 'Copying', done: 'Copied' }, [key], async () => {
      const { live, project, name: source } = this.#servers.placeOf(key);
      return { live, ...(await live.call('InstanceService', 'CopyInstance', { project, source, name })) };
    });
  }

  async rebuild({ key, image, force }: OfKind<'rebuild'>): Promise<void> {
    await this.#batches.run({ doing: 'Rebuilding', done: 'Rebuilt' }, [key], async () => {
      const { live, ...target } = this.#servers.placeOf(key);
      return { live, ...(await live.call('InstanceService', 'RebuildInstance', { ...target, image, force })) };
    });
  }

  async publish({ key, aliases, reuse, force }: OfKind<'publish'>): Promise<void> {
    await this.#batches.run({ doing: 'Making an image of', done: 'Made an image of' }, [key], async () => {
      const { live, project, name: instance } = this.#servers.placeOf(key);
      const request = { project, instance, aliases: [...aliases], reuse, force };
      return { live, ...(await live.call('ImageService', 'PublishInstance', request)) };
    });
  }

  /** Changes configuration and devices as was shown, if the instance is still what it was shown upon. */
  async applyDraft({ key, draft, etag }: OfKind<'apply-draft'>): Promise<void> {
    try {
      const { live, ...target } = this.#servers.placeOf(key);
      const { instance } = await live.call('InstanceService', 'GetInstance', { ...target, withoutState: true });
      if (instance === null) throw new Failure(`The server answered without instance "${target.name}"`);
      this.#store.dispatch({ type: 'instance-read', key, instance, now: Date.now() });
      if (instance.etag !== etag) throw new Failure('', { status: 'conflict' });
      const { config, devices } = drafted(instance, draft);
      const request = {
        ...{ ...target, etag, description: instance.description, ephemeral: instance.ephemeral },
        ...{ profiles: instance.profiles, config, devices: deviceMessages(mutable(devices)) },
      };
      await live.call('InstanceService', 'UpdateInstance', request);
      this.#store.dispatch({ type: 'draft-applied', key, draft });
    } catch (error) {
      const lines = Failure.is(error, 'conflict')
        ? [
            `${nameOf(key)} was changed by somebody else since the difference was shown: nothing was done.`,
            `What you mean to change is still here; ${keyWord(this.#store.state().bindings, 'apply')} shows the difference to what it is now.`,
          ]
        : [reasonOf(error)];
      this.#store.dispatch({ type: 'report', title: `Nothing of ${nameOf(key)} was changed`, lines });
    }
  }

  /** Creates an instance; an image that only a recipe has is built before. */
  async launch(request: LaunchRequest): Promise<void> {
    const from = shownTable(this.#store.state());
    try {
      const live = this.#servers.of(request.remote);
      const here = { ...request, image: await this.#imageAt(request) };
      let name: string;
      try {
        name = await this.#create(live, here);
      } catch (error) {
        if (!Failure.is(error, 'not-found') || !(await isBuildable(live, here.image))) throw error;
        await this.#build(live, here);
        name = await this.#create(live, here);
      }
      const project = this.#projectOf(request);
      this.#store.dispatch({ type: 'notice', kind: 'good', text: `${request.start ? 'Launched' : 'Created'} ${name}` });
      this.#store.dispatch({ type: 'launched', key: keyOf({ project, name }, request.remote), from });
    } catch (error) {
      this.#store.dispatch({ type: 'launch-refused', reason: reasonOf(error), request });
    }
  }

  /** What the image is called on the server of the instance, where it is copied to if it is one of another server. */
  async #imageAt(request: LaunchRequest): Promise<string> {
    const present = this.#store.state().remote;
    const found = serverAndName(request.image, [present, ...this.#elsewhere.names]);
    const to = request.remote || present;
    if (found === undefined || found.name === '') return request.image;
    const { remote: from, name: image } = found;
    if (from === to) return image;
    this.#store.dispatch({ type: 'notice', kind: 'info', text: `Copying the image ${image} from ${from}` });
    return await this.#elsewhere.copyImage({ from, image, to, project: this.#projectOf(request) });
  }

  async #create(live: LiveConnection, request: LaunchRequest): Promise<string> {
    const { image, name: wanted, profiles, config, ephemeral, start } = request;
    const project = this.#projectOf(request);
    const { operation, name } = await live.call('InstanceService', 'CreateInstance', {
      ...{ image, name: wanted, ephemeral, start, project, devices: this.#devicesOf(request) },
      ...{ profiles: [...profiles], config: { ...config } },
    });
    await this.#batches.ended(live, operation);
    return name;
  }

  #projectOf({ remote }: LaunchRequest): string {
    return remote === '' ? this.#store.state().project : this.#servers.projectOf(remote);
  }

  /** A device that a profile brings is changed in what the form says; the rest stays. */
  #devicesOf({
    network,
    pool,
    profiles,
    devices,
    remote,
  }: LaunchRequest): Record<string, { options: Record<string, string> }> {
    // What the profiles of another server bring is not known here.
    const used = remote !== '' ? [] : profiles.length === 0 ? ['default'] : profiles;
    const inherited = Object.assign(
      {},
      ...used.map((name) => {
        const profile = [...this.#store.state().data.profiles.values()].find((one) => one.name === name);
        return profile === undefined ? {} : devicesRecord(profile.devices);
      }),
    ) as Record<string, Record<string, string>>; // what devicesRecord gives
    const given = deviceOptions([
      ...(network === '' ? [] : [`eth0,type=nic,name=eth0,network=${network}`]),
      ...(pool === '' ? [] : [`root,type=disk,path=/,pool=${pool}`]),
      ...devices,
    ]);
    return Object.fromEntries(
      Object.entries(given).map(([name, { options }]) => [name, { options: { ...inherited[name], ...options } }]),
    );
  }

  async #build(live: LiveConnection, request: LaunchRequest): Promise<void> {
    const [{ image }, project] = [request, this.#projectOf(request)];
    const { operation } = await live.call('ImageService', 'BuildImage', { image, project });
    await this.#batches.ended(live, operation);
  }
}

const snapshotWords = {
  'create-snapshot': verbWords.snapshot,
  'restore-snapshot': { doing: 'Restoring', done: 'Restored' },
  'delete-snapshot': verbWords.delete,
  'rename-snapshot': { doing: 'Renaming', done: 'Renamed' },
  'snapshot-expiry': { doing: 'Changing', done: 'Changed' },
} as const;

async function isBuildable(live: LiveConnection, image: string): Promise<boolean> {
  const { recipes } = await live.call('ImageService', 'ListRecipes', {});
  return recipes.some(({ images }) => images.includes(image));
}

function mutable(devices: Readonly<Record<string, Readonly<Record<string, string>>>>) {
  return Object.fromEntries(Object.entries(devices).map(([name, options]) => [name, { ...options }]));
}

async function begun(
  live: LiveConnection,
  verb: Verb,
  target: { project: string; name: string },
  force: boolean,
): Promise<{ readonly operation: Operation__Output | null }> {
  switch (verb) {
    case 'start':
      return await live.call('InstanceService', 'StartInstance', target);
    case 'stop':
      return await live.call('InstanceService', 'StopInstance', { ...target, force });
    case 'restart':
      return await live.call('InstanceService', 'RestartInstance', { ...target, force });
    case 'pause':
      return await live.call('InstanceService', 'PauseInstance', target);
    case 'resume':
      return await live.call('InstanceService', 'ResumeInstance', target);
    case 'snapshot':
      return await live.call('SnapshotService', 'CreateSnapshot', { project: target.project, instance: target.name });
    case 'delete':
      return await live.call('InstanceService', 'DeleteInstance', { ...target, force });
  }
}
