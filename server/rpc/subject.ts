import { defaultProject } from '../projects/project.ts';
import type { MethodRule } from './method-rule.ts';

export type Message = Readonly<Record<string, unknown>>;

/** What a request is about. */
export interface Subject {
  /** The request, or of a stream what begins it. */
  readonly message: Message;
  /** Undefined: it is about the server, or an operation. */
  readonly project: string | undefined;
  /** Projects that something is put into. */
  readonly targets: readonly string[];
  /** Every project that is named anywhere in it, other than in lists of all projects. */
  readonly named: readonly string[];
}

/** How deep requests are looked into: `start.project` of a stream is the deepest there is, and maps of users lie below. */
const maxDepth = 2;

/** Every message that is about a project says so in a field `project`, or one whose name ends so; empty means the default one. */
export function subjectOf(rule: Pick<MethodRule, 'project' | 'creates'>, request: unknown): Subject {
  const { start } = isMap(request) ? request : {};
  const message = isMap(start) ? start : isMap(request) ? request : {};
  const word = message[rule.project];
  const project = typeof word !== 'string' ? undefined : word === '' ? defaultProject : word;
  const targets = Object.entries(message).flatMap(([name, value]) =>
    isTarget(name) && typeof value === 'string' && value !== '' ? [value] : [],
  );
  const made = rule.creates && targets.length === 0 && project !== undefined ? [project] : [];
  return { message, project, targets: [...targets, ...made], named: [...projectsIn(request, maxDepth)] };
}

/** The instance that it is about, for those who read what was done: `instance/web`; otherwise empty. */
export function subjectName({ instance, operation }: MethodRule, request: unknown): string {
  const { start } = isMap(request) ? request : {};
  const message = isMap(start) ? start : isMap(request) ? request : {};
  const [kind, field] = instance === undefined ? ['operation', operation] : ['instance', instance];
  const name = field === undefined ? undefined : message[field];
  return typeof name === 'string' && name !== '' ? `${kind}/${name.slice(0, 80)}` : '';
}

export function isMap(value: unknown): value is Message {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !Buffer.isBuffer(value);
}

function* projectsIn(message: unknown, depth: number): Generator<string> {
  if (depth === 0 || !isMap(message)) return;
  // A list of all projects is not about the one that it also names.
  for (const [name, value] of Object.entries(message)) {
    if (typeof value !== 'string') continue;
    if (name === 'project' && message['allProjects'] !== true) yield value === '' ? defaultProject : value;
    else if (isTarget(name) && value !== '') yield value;
  }
  for (const value of Object.values(message)) yield* projectsIn(value, depth - 1);
}

/** Where something goes: without it, to the project that it is in. */
function isTarget(field: string): boolean {
  return field.endsWith('Project');
}
