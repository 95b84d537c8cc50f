import type { Revert } from '../../base/revert.ts';
import type { Task } from '../../base/task.ts';
import type { LimitFiles } from '../../host/cgroup-limits.ts';
import type { HostFacts } from '../../host/host-features.ts';
import type { SysctlProbe } from '../../host/sysctl-probe.ts';
import { checkOomScore, checkRlimits } from '../../runtime/rlimits.ts';
import type { Expanded, Instance } from '../instance.ts';
import type { LiveApplier, LiveChange } from '../live-change.ts';
import { specOptionsOf } from '../spec-options.ts';
import { parseProcessors, resourceLimitsOf } from './limit-values.ts';
import type { ProcessorShares } from './processor-shares.ts';

export interface LimitsApplierDeps {
  readonly files: LimitFiles;
  readonly processors: ProcessorShares;
  readonly cgroupOf: (uuid: string) => string;
  readonly host: HostFacts;
  readonly sysctls: SysctlProbe;
}

type Config = Expanded['config'];

/** The keys `limits.*` as files of the cgroups of a running instance. */
export class LimitsApplier implements LiveApplier {
  readonly #deps: LimitsApplierDeps;

  constructor(deps: LimitsApplierDeps) {
    this.#deps = deps;
  }

  /** Whether this host can hold an instance to this configuration. Fault `unsupported`. Changes nothing. */
  async checkHost({ config }: Expanded): Promise<void> {
    await this.#checkFrom({}, config);
  }

  /** `before` was checked. */
  async #checkFrom(before: Config, config: Config): Promise<void> {
    const { rlimits, oomScoreAdj, sysctls, privileged } = specOptionsOf(config);
    checkRlimits(this.#deps.host, rlimits);
    checkOomScore(this.#deps.host, oomScoreAdj);
    await this.#deps.files.check(this.#limits(config));
    const claim = claimOf(config);
    if (claim !== undefined) await this.#deps.processors.check(claim);
    const known = specOptionsOf(before).sysctls;
    if (Object.entries(sysctls).every(([name, value]) => known[name] === value)) return;
    await this.#deps.sysctls.check(sysctls, privileged);
  }

  /** Before the init of a new container runs. What it changes goes with the container, and by `release`. */
  async start(instance: Instance, { config }: Expanded): Promise<void> {
    const cgroup = this.#deps.cgroupOf(instance.uuid);
    await this.#deps.files.apply(cgroup, {}, this.#limits(config));
    await this.#deps.processors.claim(instance.uuid, claimOf(config));
  }

  /** Of a running instance that an earlier server has started. */
  async adopt(instance: Instance, { config }: Expanded): Promise<void> {
    await this.#deps.processors.claim(instance.uuid, claimOf(config));
  }

  /** After its end. Idempotent, never fails. */
  async release(uuid: string): Promise<void> {
    await this.#deps.processors.release(uuid);
  }

  async check({ before, after }: LiveChange): Promise<void> {
    await this.#checkFrom(before.config, after.config);
  }

  async apply(_task: Task, revert: Revert, { instance, before, after }: LiveChange): Promise<void> {
    const { files, processors, cgroupOf } = this.#deps;
    const cgroup = cgroupOf(instance.uuid);
    const [from, to] = [this.#limits(before.config), this.#limits(after.config)];
    // Pushed first: a write that fails may follow others that did not.
    revert.push('bring the limits back', () => files.apply(cgroup, to, from));
    await files.apply(cgroup, from, to);
    if ((before.config['limits.cpu'] ?? '') === (after.config['limits.cpu'] ?? '')) return;
    revert.push('bring the processors back', () => processors.claim(instance.uuid, claimOf(before.config)));
    await processors.claim(instance.uuid, claimOf(after.config));
  }

  #limits(config: Config) {
    return resourceLimitsOf(config, this.#deps.host.memoryBytes);
  }
}

function claimOf(config: Config) {
  return parseProcessors(config['limits.cpu'] ?? '');
}
