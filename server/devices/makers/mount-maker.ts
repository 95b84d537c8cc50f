import { Fault } from '../../base/fault.ts';
import type { Task } from '../../base/task.ts';
import type { InstanceMounts } from '../../host/instance-mounts.ts';
import type { PartMaker, PartOf, Plug } from '../part-maker.ts';
import type { MountPart } from '../parts.ts';

export class MountMaker implements PartMaker<MountPart> {
  readonly #mounts: InstanceMounts;

  constructor(mounts: InstanceMounts) {
    this.#mounts = mounts;
  }

  async check(part: MountPart): Promise<void> {
    if (part.source.kind !== 'path') return;
    const { path } = part.source;
    await unlessMissing(part, () => this.#mounts.checkSource(path));
  }

  async prepare(_task: Task, { owner, part, files }: PartOf<MountPart>): Promise<Plug> {
    return async (_plugTask, pid) => {
      const found = await this.#isThere(part);
      if (found) await this.#mounts.attach(pid, owner.idMap, part, receiptOf(files));
    };
  }

  /** Whoever is root inside may unmount what he was given: only whether it should be there is seen from here. */
  async works({ part, files }: PartOf<MountPart>): Promise<boolean> {
    if (part.required || part.source.kind !== 'path') return true;
    const isAttached = await this.#mounts.isAttached(receiptOf(files));
    // What is there and cannot be used (a symbolic link that somebody made) changes nothing.
    const isThere = await this.#isThere(part).catch(() => isAttached);
    return isThere === isAttached;
  }

  async unmake(_task: Task, { part, files }: PartOf<MountPart>, pid: number | undefined): Promise<void> {
    await this.#mounts.detach(pid, part.target, receiptOf(files));
  }

  async #isThere(part: MountPart): Promise<boolean> {
    if (part.source.kind !== 'path') return true;
    const { path } = part.source;
    return (await unlessMissing(part, () => this.#mounts.checkSource(path))) !== undefined;
  }
}

function receiptOf(files: string): string {
  return `${files}.mount`;
}

async function unlessMissing<T>({ required }: MountPart, look: () => Promise<T>): Promise<T | undefined> {
  try {
    return await look();
  } catch (error) {
    if (!required && error instanceof Fault && error.code === 'not-found') return undefined;
    throw error;
  }
}
