import { checkConfig, parseBoolean } from '../base/config-key.ts';
import { etagOf } from '../base/etag.ts';
import { Fault } from '../base/fault.ts';
import { projectKeys } from './project-keys.ts';

/** A part of the server with instances of its own, and with limits and restrictions for them. */
export interface Project {
  readonly name: string;
  readonly description: string;
  readonly config: Readonly<Record<string, string>>;
}

/** Always there; what other projects do not have of their own, they share with it. */
export const defaultProject = 'default';

/** Kinds of objects that a project has of its own, or shares with the default one. */
export type Feature = 'images' | 'profiles' | 'storage.volumes';

/** What a new project has of its own unless it is said otherwise. The default one has everything. */
export const features: readonly Feature[] = ['images', 'profiles', 'storage.volumes'];

export const maxProjectDescriptionBytes = 4096;

export function hasFeature(project: Project, feature: Feature): boolean {
  return project.name === defaultProject || parseBoolean(project.config[`features.${feature}`] ?? '') === true;
}

/** The project whose objects of that kind `project` uses. */
export function homeOf(project: Project, feature: Feature): string {
  return hasFeature(project, feature) ? project.name : defaultProject;
}

/** Tag of what a user may change of a project. */
export function projectEtag({ description, config }: Project): string {
  return etagOf({ description, config });
}

export function projectResource(name: string): string {
  return `project/${name}`;
}

/** Fault `invalid` unless the name fits: it is a label in the names of its instances in DNS. */
export function checkProjectName(name: string): void {
  if (/^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/.test(name) && !/^\d+$/.test(name)) return;
  const rule = 'must be 1 to 63 letters, digits or "-", not begin or end with "-", and not be only digits';
  throw new Fault('invalid', `Invalid project name "${name.slice(0, 80)}": it ${rule}`);
}

/** Fault `invalid` for unknown keys, wrong values, and combinations that mean nothing. */
export function checkProject({ name, description, config }: Project): void {
  if (Buffer.byteLength(description) > maxProjectDescriptionBytes) {
    throw new Fault('invalid', `The description is longer than ${maxProjectDescriptionBytes} bytes`);
  }
  checkConfig(projectKeys, config);
  const changed = Object.keys(config).find((key) => key.startsWith('features.') && name === defaultProject);
  if (changed !== undefined) {
    throw new Fault('invalid', `${changed} cannot be set: the project "${defaultProject}" has everything`);
  }
}

export function parseProject(value: unknown): Project {
  const project = value as Project; // written by this server only; the fields that matter are checked
  if (typeof project.name !== 'string' || typeof project.config !== 'object') throw new TypeError('not a project');
  return project;
}
