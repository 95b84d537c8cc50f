import { withoutEmpty } from '../base/config-key.ts';
import { Fault } from '../base/fault.ts';
import { suggestion } from '../base/nearest.ts';
import type { Serial } from '../base/serial.ts';
import type { Collection } from '../db/collection.ts';
import type { Change } from '../db/store.ts';
import {
  checkProject,
  checkProjectName,
  defaultProject,
  type Feature,
  features,
  hasFeature,
  homeOf,
  type Project,
  projectEtag,
} from './project.ts';
import { violation } from './restrictions.ts';
import { checkLimits, type Member } from './usage.ts';

export const maxProjects = 10_000;

export interface ProjectsDeps {
  readonly records: Collection<Project>;
  /** Held, by project, by whoever adds to a project, changes what is in it, or the project itself. */
  readonly turns: Serial;
  /** What is in a project, as names of resources: `instance/web`, `profile/small`. */
  readonly contents: (project: string) => Promise<readonly string[]>;
  readonly members: (project: string) => Promise<readonly Member[]>;
  readonly announce: (action: string, project: string) => void;
  readonly belongings: Belongings;
}

/** What every project has of its own. Each returns what is to be committed together with the project's record. */
export interface Belongings {
  /** Fault `not-found` for a pool or a network that does not exist. */
  make(project: Project, given: Given): Promise<Change>;
  move(from: string, to: string): Promise<Change>;
  remove(project: string): Promise<Change>;
}

/** What a new project's default profile names; empty: the server's. */
export interface Given {
  readonly storagePool: string;
  readonly network: string;
}

const nothingGiven: Given = { storagePool: '', network: '' };

/** Projects and their verbs. */
export class Projects {
  readonly #deps: ProjectsDeps;
  /**
   * Called before a project loses its name, to another one or, undefined, to none: what others keep by the name must be
   * gone before a new project can have it.
   */
  onNameFreed: (name: string, newName: string | undefined) => Promise<void> = async () => {};

  constructor(deps: ProjectsDeps) {
    this.#deps = deps;
  }

  async list(): Promise<Project[]> {
    return (await this.#deps.records.list()).map(({ record }) => record);
  }

  /** Fault `not-found`. */
  async get(name: string): Promise<Project> {
    const found = await this.#deps.records.find(name);
    if (found !== undefined) return found.record;
    const names = (await this.list()).map((project) => project.name);
    throw new Fault('not-found', `Project "${name.slice(0, 80)}" does not exist${suggestion(name, names)}`);
  }

  /** The project whose objects of a kind `name` uses. Fault `not-found`. */
  async home(name: string, feature: Feature): Promise<string> {
    return name === defaultProject ? name : homeOf(await this.get(name), feature);
  }

  /** The default project, unless there is one. */
  async ensureDefault(): Promise<void> {
    if ((await this.#deps.records.find(defaultProject)) !== undefined) return;
    await this.#deps.records.put(
      defaultProject,
      { name: defaultProject, description: 'Default yurt project', config: {} },
      0,
    );
  }

  /** Faults: `invalid`, `already-exists`, `exhausted`, `not-found` for what is given and does not exist. */
  async create(request: Project, given: Given = nothingGiven): Promise<Project> {
    const { name, description } = request;
    checkProjectName(name);
    const own = Object.fromEntries(features.map((feature) => [`features.${feature}`, 'true']));
    const project = { name, description, config: { ...own, ...withoutEmpty(request.config) } };
    return await this.#inTurn(name, async () => {
      await this.#checkFree(name);
      if ((await this.list()).length >= maxProjects) {
        throw new Fault('exhausted', `There are ${maxProjects} projects already`);
      }
      checkProject(project);
      await this.#deps.records.put(name, project, 0, await this.#deps.belongings.make(project, given));
      this.#deps.announce('project-created', name);
      return project;
    });
  }

  /**
   * Replaces description and configuration. Faults: `conflict` when `etag` is not that of the present content (''
   * changes whatever there is), `invalid`, `exhausted` and `forbidden` for what its instances exceed or break, `in-use`
   * for a feature that would change what they use.
   */
  async update(request: Project, etag: string): Promise<Project> {
    const { name } = request;
    return await this.#deps.turns.run(name, async () => {
      const now = await this.get(name);
      if (etag !== '' && etag !== projectEtag(now)) {
        throw new Fault('conflict', `Project "${name}" was changed by somebody else in the meantime`);
      }
      const project = { ...now, description: request.description, config: withoutEmpty(request.config) };
      checkProject(project);
      await this.#checkFeatures(now, project);
      await this.#checkMembers(now, project);
      const found = await this.#deps.records.find(name);
      if (found === undefined) throw new Fault('not-found', `Project "${name}" does not exist any more`);
      const also = await this.#featureChange(now, project);
      await this.#deps.records.put(name, project, found.revision, also);
      this.#deps.announce('project-updated', name);
      return project;
    });
  }

  /** Only an empty one: the names of what is in it, and where that is kept, have the project's name in them. */
  async rename(name: string, newName: string): Promise<Project> {
    this.#refuseDefault(name, 'renamed');
    checkProjectName(newName);
    return await this.#inTurn(name, async () => {
      const project = await this.get(name);
      await this.#checkEmpty(name, 'Cannot rename');
      await this.#checkFree(newName);
      const renamed = { ...project, name: newName };
      const { put = [], remove = [] } = await this.#deps.belongings.move(name, newName);
      const old = this.#deps.records.key(name);
      await this.onNameFreed(name, newName);
      await this.#deps.records.put(newName, renamed, 0, { put, remove: [old, ...remove] });
      this.#deps.announce('project-renamed', newName);
      return renamed;
    });
  }

  /** Faults: `invalid` for the default one, `not-found`, `in-use` for one that is not empty, unless it `willBe`. */
  async checkDeletable(name: string, willBe: 'as it is' | 'emptied'): Promise<void> {
    this.#refuseDefault(name, 'deleted');
    await this.get(name);
    if (willBe !== 'emptied') await this.#checkEmpty(name, 'Cannot delete');
  }

  /** Fault `in-use` for one that is not empty. */
  async delete(name: string): Promise<void> {
    this.#refuseDefault(name, 'deleted');
    await this.#deps.turns.run(name, async () => {
      await this.get(name);
      await this.#checkEmpty(name, 'Cannot delete');
      const also = await this.#deps.belongings.remove(name);
      await this.onNameFreed(name, undefined);
      await this.#deps.records.remove(name, also);
      this.#deps.announce('project-deleted', name);
    });
  }

  /** Names are given out one after the other: two that differ by case are not. */
  async #inTurn<Result>(name: string, action: () => Promise<Result>): Promise<Result> {
    const { turns } = this.#deps;
    return await turns.run('', () => turns.run(name, action));
  }

  async #checkFree(name: string): Promise<void> {
    const taken = (await this.list()).find((other) => other.name.toLowerCase() === name.toLowerCase());
    if (taken === undefined) return;
    const why = taken.name === name ? 'already exists' : 'differs by case only: DNS knows none';
    throw new Fault('already-exists', `Project "${taken.name}" ${why}`);
  }

  #refuseDefault(name: string, verb: string): void {
    if (name === defaultProject) throw new Fault('invalid', `The project "${defaultProject}" cannot be ${verb}`);
  }

  async #checkEmpty(name: string, action: string): Promise<void> {
    const contents = await this.#deps.contents(name);
    if (contents.length === 0) return;
    const some = contents.slice(0, 5).join(', ');
    const rest = contents.length > 5 ? ', …' : '';
    throw new Fault('in-use', `${action} project "${name}": it is not empty (${some}${rest})`);
  }

  async #checkFeatures(now: Project, next: Project): Promise<void> {
    const changed = features.find((feature) => hasFeature(now, feature) !== hasFeature(next, feature));
    if (changed !== undefined) await this.#checkEmpty(now.name, `Cannot change features.${changed} of`);
  }

  /** A project that gets profiles of its own, or gives them up. */
  async #featureChange(now: Project, next: Project): Promise<Change> {
    const { belongings } = this.#deps;
    const [had, has] = [hasFeature(now, 'profiles'), hasFeature(next, 'profiles')];
    if (had === has) return {};
    return has ? await belongings.make(next, nothingGiven) : await belongings.remove(next.name);
  }

  /** What its instances exceed or break already is no reason to refuse a change that does not make it worse. */
  async #checkMembers(now: Project, next: Project): Promise<void> {
    const members = await this.#deps.members(now.name);
    const limits = Object.entries(next.config).filter(
      ([key, value]) => key.startsWith('limits.') && now.config[key] !== value,
    );
    checkLimits(now.name, Object.fromEntries(limits), members);
    for (const member of members) {
      const broken = violation(next.config, member);
      const before = broken === undefined ? undefined : violation(now.config, member);
      if (broken === undefined || before !== undefined) continue;
      const { what, key, value } = broken;
      throw new Fault('forbidden', `${key}=${value} does not fit instance "${member.name}": it has ${what}`);
    }
  }
}
