import { Fault } from '../base/fault.ts';
import { defaultProject } from '../projects/project.ts';
import { type Identity, sees } from './identity.ts';

type Viewer = Pick<Identity, 'projects'>;

/** How deep requests are looked into: `start.project` of a stream is the deepest there is, and maps of users lie below. */
const maxDepth = 2;

/**
 * Fault `not-found` when a request is about a project that its caller cannot see, the way it would be for one that does not
 * exist. Every message that is about a project says so in a field `project`, or one whose name ends so; empty means the
 * default one.
 */
export function checkVisible(identity: Viewer, request: unknown): void {
  if (identity.projects === undefined) return;
  for (const project of projectsIn(request, maxDepth)) checkSees(identity, project);
}

/** Fault `not-found`. */
export function checkSees(identity: Viewer, project: string): void {
  if (!sees(identity, project)) {
    throw new Fault('not-found', `Project "${project.slice(0, 80)}" does not exist`);
  }
}

/** Fault `forbidden` for changes of what a project of the caller shares with one that is not its own. */
export function checkOwner(identity: Viewer, home: string, what: string): void {
  if (!sees(identity, home))
    throw new Fault('forbidden', `The ${what} of this project are shared: you may only use them`);
}

/** A list of all projects, without what its caller cannot see. Other answers are about a project that was checked. */
export function onlyVisible(identity: Viewer, request: unknown, response: unknown): unknown {
  if (identity.projects === undefined || !isMap(request) || request['allProjects'] !== true || !isMap(response)) {
    return response;
  }
  const visible = (item: unknown) =>
    isMap(item) && typeof item['project'] === 'string' && sees(identity, item['project']);
  const entries = Object.entries(response).map(([name, value]) => [
    name,
    Array.isArray(value) ? value.filter(visible) : value,
  ]);
  return Object.fromEntries(entries);
}

function* projectsIn(message: unknown, depth: number): Generator<string> {
  if (depth === 0 || !isMap(message)) return;
  // A list of all projects is not about the one that it also names.
  for (const [name, value] of Object.entries(message)) {
    if (typeof value !== 'string') continue;
    if (name === 'project' && message['allProjects'] !== true) yield value === '' ? defaultProject : value;
    // Where something goes: without it, to the project that it is in.
    else if (name.endsWith('Project') && value !== '') yield value;
  }
  for (const value of Object.values(message)) yield* projectsIn(value, depth - 1);
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !Buffer.isBuffer(value);
}
