import type { AgentCgroupFiles, AgentCgroups } from '../../../server/agents/agent-cgroups.ts';

/** Counts the starts of agents on their way to the real cgroups. */
export class AgentCgroupRecorder implements AgentCgroups {
  readonly #cgroups: AgentCgroups;
  starts = 0;

  constructor(cgroups: AgentCgroups) {
    this.#cgroups = cgroups;
  }

  async open(instance: string): Promise<AgentCgroupFiles> {
    this.starts += 1;
    return await this.#cgroups.open(instance);
  }

  async remove(instance: string): Promise<void> {
    await this.#cgroups.remove(instance);
  }

  async freeze(instance: string): Promise<void> {
    await this.#cgroups.freeze(instance);
  }

  async thaw(instance: string): Promise<void> {
    await this.#cgroups.thaw(instance);
  }
}
