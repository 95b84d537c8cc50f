import type { Log } from '../../base/log.ts';
import { Serial } from '../../base/serial.ts';
import type { LimitFiles } from '../../host/cgroup-limits.ts';
import { type ProcessorClaim, parseProcessorList } from './limit-values.ts';
import { checkProcessors, formatProcessors, shareProcessors } from './share-processors.ts';

export interface ProcessorSharesDeps {
  readonly log: Log;
  readonly files: Pick<LimitFiles, 'processors' | 'setProcessors'>;
  readonly cgroupOf: (uuid: string) => string;
}

/** The processors of the host among all running instances that ask for some: shared anew when one starts, ends or changes. */
export class ProcessorShares {
  readonly #deps: ProcessorSharesDeps;
  readonly #claims = new Map<string, ProcessorClaim>();
  /** What was written for each. */
  #given = new Map<string, number[]>();
  /** Two that share at once would overwrite one another. */
  readonly #turns = new Serial();

  constructor(deps: ProcessorSharesDeps) {
    this.#deps = deps;
  }

  /** Fault `unsupported` when the host does not have what is claimed. */
  async check(claim: ProcessorClaim): Promise<void> {
    checkProcessors(await this.#available(), claim);
  }

  /** What an instance wants from now on; undefined: nothing in particular. Its own failure is thrown, others' are logged. */
  async claim(uuid: string, claim: ProcessorClaim | undefined): Promise<void> {
    const before = this.#claims.get(uuid);
    if (before === undefined && claim === undefined) return;
    if (claim === undefined) this.#claims.delete(uuid);
    else this.#claims.set(uuid, claim);
    await this.#turns.run('processors', async () => {
      if (claim === undefined) await this.#write(uuid, undefined);
      await this.#share(uuid);
    });
  }

  /** After the end of an instance. Never fails. */
  async release(uuid: string): Promise<void> {
    if (!this.#claims.delete(uuid)) return;
    await this.#turns.run('processors', async () => {
      this.#given.delete(uuid);
      await this.#share();
    });
  }

  async #share(own?: string): Promise<void> {
    const shares = shareProcessors(await this.#available(), this.#claims, this.#given);
    for (const [uuid, processors] of shares) {
      if (formatProcessors(this.#given.get(uuid) ?? []) === formatProcessors(processors)) continue;
      try {
        await this.#write(uuid, processors);
      } catch (error) {
        if (uuid === own) throw error;
        this.#deps.log.warn({ err: error, instance: uuid }, 'an instance could not be moved to other processors');
      }
    }
  }

  async #write(uuid: string, processors: number[] | undefined): Promise<void> {
    const list = processors === undefined ? undefined : formatProcessors(processors);
    await this.#deps.files.setProcessors(this.#deps.cgroupOf(uuid), list);
    if (processors === undefined) this.#given.delete(uuid);
    else this.#given.set(uuid, processors);
  }

  async #available(): Promise<number[]> {
    const { available, isolated } = await this.#deps.files.processors();
    const aside = new Set(parseProcessorList(isolated) ?? []);
    return (parseProcessorList(available) ?? []).filter((processor) => !aside.has(processor));
  }
}
