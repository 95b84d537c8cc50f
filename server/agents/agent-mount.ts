import { mkdir } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Log } from '../base/log.ts';
import type { FrozenMounts, Mounts } from '../host/mounts.ts';

type AgentMounts = FrozenMounts & Pick<Mounts, 'unmount' | 'isMountPoint'>;

/** Mounts of servers that were killed: each leaves one, and the next takes it away. */
const maxStackedMounts = 16;

/** The source in mountinfo, by which an old bundle is known to be in use. */
export function agentMountLabel(bundle: string): string {
  return `yurt-agent-${basename(bundle)}`;
}

/**
 * What instances see at /dev/.yurt, for as long as this server runs: their copies of the mount stay. Its file system is
 * read-only, which root inside cannot change. Where that cannot be had, instances see the bundle itself: its
 * files belong to nobody there, which is enough against writing, if not against a mount that looks writable.
 */
export class AgentMount {
  readonly #mounts: AgentMounts;
  readonly #point: string;

  private constructor(mounts: AgentMounts, point: string) {
    this.#mounts = mounts;
    this.#point = point;
  }

  /** `point` is made when it is missing. Returns also the directory to show to instances. Never fails for the mount. */
  static async open(
    { mounts, log }: { readonly mounts: AgentMounts; readonly log: Log },
    bundle: string,
    point: string,
  ): Promise<{ readonly mount: AgentMount; readonly directory: string }> {
    const mount = new AgentMount(mounts, point);
    await mkdir(point, { recursive: true, mode: 0o755 });
    await mount.close();
    try {
      await mounts.frozen(agentMountLabel(bundle), bundle, point);
      return { mount, directory: point };
    } catch (error) {
      log.warn({ err: error }, 'the files of agents cannot be mounted read-only');
      return { mount, directory: bundle };
    }
  }

  /** Takes it from the host. Idempotent. */
  async close(): Promise<void> {
    for (let count = 0; count < maxStackedMounts && (await this.#mounts.isMountPoint(this.#point)); count += 1) {
      await this.#mounts.unmount(this.#point);
    }
  }
}
