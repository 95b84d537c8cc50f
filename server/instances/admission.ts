import { Fault } from '../base/fault.ts';
import type { Serial } from '../base/serial.ts';
import type { Project } from '../projects/project.ts';
import { allows, violation } from '../projects/restrictions.ts';
import { checkLimits, type Member } from '../projects/usage.ts';
import type { Expanded, Instance } from './instance.ts';

/** What a project looks at in an instance that is to be. */
export type Candidate = Pick<Instance, 'uuid' | 'name' | 'project' | 'profiles' | 'config' | 'devices' | 'standIn'>;

/** Whether a project allows an instance. */
export interface Admission {
  /**
   * Runs `commit` if the project allows the instance as it will be; no other change in the project is decided upon
   * meanwhile. Faults: `not-found` for the project, `forbidden` for what it restricts, `exhausted` for a limit, `invalid`
   * for an instance that lacks what a limit counts.
   */
  admit<Result>(candidate: Candidate, commit: () => Promise<Result>): Promise<Result>;
  /** Fault `not-found` for a project that does not exist. */
  checkProject(name: string): Promise<void>;
}

export interface AdmissionDeps {
  readonly project: (name: string) => Promise<Project>;
  /** The records of a project's instances. */
  readonly instances: (project: string) => Promise<readonly Candidate[]>;
  readonly expanded: (instance: Candidate) => Promise<Expanded>;
  /** Held by whoever changes a project or what is in it. */
  readonly turns: Serial;
}

export class ProjectAdmission implements Admission {
  readonly #deps: AdmissionDeps;

  constructor(deps: AdmissionDeps) {
    this.#deps = deps;
  }

  async checkProject(name: string): Promise<void> {
    await this.#deps.project(name);
  }

  async admit<Result>(candidate: Candidate, commit: () => Promise<Result>): Promise<Result> {
    return await this.#deps.turns.run(candidate.project, async () => {
      const project = await this.#deps.project(candidate.project);
      const expanded = await this.#deps.expanded(candidate);
      checkRestrictions(project, candidate.name, expanded);
      // What stands in for another instance for a while takes no room of its own.
      if (hasLimits(project) && candidate.standIn !== true) {
        const others = (await this.#deps.instances(project.name)).filter(
          ({ uuid, standIn }) => uuid !== candidate.uuid && standIn !== true,
        );
        const members = await Promise.all(others.map((other) => this.#member(other)));
        checkLimits(project.name, project.config, [...members, { name: candidate.name, ...expanded }], candidate.name);
      }
      return await commit();
    });
  }

  /** Fault `forbidden` where the project lets nobody make snapshots, or backups. */
  async checkAllowed(name: string, what: 'snapshots' | 'backups'): Promise<void> {
    const { config } = await this.#deps.project(name);
    if (!allows(config, what))
      throw new Fault('forbidden', `Project "${name}" forbids ${what}: restricted.${what}=block`);
  }

  /**
   * Runs `commit` if the projects of these instances allow what a change of a profile makes of them. `after` says what
   * will hold for each.
   */
  async admitAll<Result>(
    changed: readonly { readonly instance: Candidate; readonly after: Expanded }[],
    commit: () => Promise<Result>,
  ): Promise<Result> {
    // In one order, so that two changes never wait for each other.
    const projects = [...new Set(changed.map(({ instance }) => instance.project))].sort();
    const within = projects.reduceRight<() => Promise<Result>>(
      (next, name) => () =>
        this.#deps.turns.run(name, async () => {
          await this.#checkChanged(
            name,
            changed.filter(({ instance }) => instance.project === name),
          );
          return await next();
        }),
      commit,
    );
    return await within();
  }

  /** What is recorded may have come from a server that knew less: a start looks again. Fault `forbidden`. */
  async checkStart(instance: Instance, expanded: Expanded): Promise<void> {
    checkRestrictions(await this.#deps.project(instance.project), instance.name, expanded);
  }

  async #checkChanged(
    name: string,
    changed: readonly { readonly instance: Candidate; readonly after: Expanded }[],
  ): Promise<void> {
    const project = await this.#deps.project(name);
    for (const { instance, after } of changed) checkRestrictions(project, instance.name, after);
    if (!hasLimits(project)) return;
    const after = new Map(changed.map((change) => [change.instance.uuid, change.after]));
    const all = (await this.#deps.instances(name)).filter(({ standIn }) => standIn !== true);
    const members = all.map(async (instance) => {
      const expanded = after.get(instance.uuid);
      return expanded === undefined ? await this.#member(instance) : { name: instance.name, ...expanded };
    });
    checkLimits(name, project.config, await Promise.all(members));
  }

  async #member(instance: Candidate): Promise<Member> {
    return { name: instance.name, ...(await this.#deps.expanded(instance)) };
  }
}

function hasLimits({ config }: Project): boolean {
  return Object.keys(config).some((key) => key.startsWith('limits.'));
}

function checkRestrictions(project: Project, instance: string, expanded: Expanded): void {
  const broken = violation(project.config, expanded);
  if (broken === undefined) return;
  const { what, key, value } = broken;
  throw new Fault('forbidden', `Project "${project.name}" forbids ${what} of instance "${instance}": ${key}=${value}`);
}
