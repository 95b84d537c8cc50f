import { Fault } from '../base/fault.ts';
import type { Event } from '../events/event.ts';
import type { InstancePlace } from '../instances/instance-places.ts';
import type { OperationView } from '../operations/operation.ts';
import { defaultProject } from '../projects/project.ts';
import { covers, highest, lowest, type Role } from '../trust/role.ts';
import type { Identity } from './identity.ts';
import { type MethodRule, neededRoles } from './method-rule.ts';
import { isMap, type Message, subjectOf } from './subject.ts';

export interface GateDeps {
  /** Fault `not-found`. */
  readonly operation: (id: string) => OperationView;
  /** The instance that has a session. */
  readonly sessionPlace: (id: string) => InstancePlace | undefined;
}

/** How many operations it is remembered of who started them; those that have ended are forgotten sooner anyway. */
const maxStarted = 4096;

/**
 * Decides who may do what, for every method in the same way, by what the API says of the method. What a caller may not see
 * does not exist for it; what it sees and may not do is forbidden.
 */
export class Gate {
  readonly #deps: GateDeps;
  /** The clients that started operations, by the ids of these: one may see the end of what it has begun. */
  readonly #started = new Map<string, string>();

  constructor(deps: GateDeps) {
    this.#deps = deps;
  }

  /** Before anything is known of a request. Faults: `unauthenticated`, `forbidden`. */
  admit({ trusted, sight }: Identity, { permission, path }: MethodRule): void {
    if (permission === 'PERMISSION_PUBLIC') return;
    if (!trusted) throw new Fault('unauthenticated', 'The server does not trust this client: it needs a token');
    if (neededRoles[permission] === undefined && !sight.everything) {
      throw new Fault('forbidden', `You may not call ${path}: it needs the permission "admin" for the server`);
    }
  }

  /** Faults: `not-found` for what the caller may not see, `forbidden` for what it may see only. */
  check(identity: Identity, rule: MethodRule, request: unknown): void {
    const needed = neededRoles[rule.permission];
    if (identity.sight.everything || needed === undefined) return;
    const { message, project, targets, named } = subjectOf(rule, request);
    for (const one of named) checkEnters(identity, one);
    if (rule.operation !== undefined) this.#checkOperation(identity, rule, needed, textIn(message, rule.operation));
    // About the server, or all projects: all who are trusted may look, and see of these what is theirs.
    else if (project === undefined || message['allProjects'] === true) demand('viewer', needed, rule, 'the server');
    else {
      checkEnters(identity, project);
      const instance = rule.instance === undefined ? undefined : textIn(message, rule.instance);
      const ofSession = rule.session && this.#instanceOfSession(identity, project, textIn(message, rule.session));
      const name = instance ?? ofSession;
      if (name !== undefined) checkInstance(identity, rule, needed, project, name);
      else checkProject(identity, rule, needed, project);
    }
    for (const target of targets) demand(identity.sight.role(target), 'admin', rule, inProject(target));
  }

  /** The answer without what its caller may not see; it may watch what it has started. */
  answer(identity: Identity, rule: MethodRule, request: unknown, response: unknown): unknown {
    if (identity.sight.everything || !isMap(response)) return response;
    this.#remember(identity, response);
    const { message, project = defaultProject } = subjectOf(rule, request);
    const ofSome = rule.contents && identity.sight.role(project) === undefined;
    if (!ofSome && message['allProjects'] !== true) return response;
    const entries = Object.entries(response).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.filter((item) => this.#shows(identity, name, item)) : value,
    ]);
    return Object.fromEntries(entries);
  }

  /** Whether an operation exists for the caller. */
  seesOperation(identity: Identity, operation: Pick<OperationView, 'id' | 'project' | 'resources'>): boolean {
    return this.#roleOn(identity, operation) !== undefined;
  }

  /**
   * A filter of events, in the order in which they come: what is told of an instance that is gone, whoever saw the instance
   * may read. The server's log, who did what, and what is about the server itself are for those who may see everything.
   */
  eventFilter(identity: Identity): (event: Event) => boolean {
    const { sight } = identity;
    const known = new Set(sight.instances().map(({ project, name }) => `${project}/${name}`));
    return ({ project, payload }) => {
      if (sight.everything) return true;
      if (payload.type === 'operation') return this.seesOperation(identity, payload.operation);
      if (payload.type !== 'lifecycle' || serverSource.test(payload.source)) return false;
      if (sight.role(project) !== undefined) return true;
      const name = instanceIn(payload.source);
      if (name === undefined) return false;
      const key = `${project}/${name}`;
      if (sight.role(project, name) !== undefined) {
        known.add(key);
        return true;
      }
      const wasKnown = known.delete(key);
      return wasKnown && payload.action === 'instance-deleted';
    };
  }

  /** Undefined also when the caller does not see that: the session is then what one is that there is not. */
  #instanceOfSession({ sight }: Identity, project: string, id: string): string | undefined {
    const place = this.#deps.sessionPlace(id);
    if (place?.project !== project || sight.role(project, place.name) === undefined) return undefined;
    return place.name;
  }

  #checkOperation(identity: Identity, rule: MethodRule, needed: Role, id: string): void {
    const operation = this.#deps.operation(id);
    const role = this.#roleOn(identity, operation);
    if (role === undefined) throw new Fault('not-found', `Operation "${id.slice(0, 80)}" does not exist`);
    demand(role, needed, rule, `operation ${operation.id}`);
  }

  /** What somebody has to all that an operation works on. Who started one may look at it, at least. */
  #roleOn(identity: Identity, { id, project, resources }: Pick<OperationView, 'id' | 'project' | 'resources'>) {
    const { sight, certificate } = identity;
    const started = certificate !== undefined && this.#started.get(id) === certificate.fingerprint;
    const roles = resources.map((resource) => {
      const name = instanceIn(resource);
      return name === undefined ? undefined : sight.role(project, name);
    });
    return highest(started ? 'viewer' : undefined, sight.role(project), lowest(roles));
  }

  #remember({ certificate }: Identity, { operation }: Message): void {
    if (certificate === undefined || !isMap(operation) || typeof operation['id'] !== 'string') return;
    this.#started.set(operation['id'], certificate.fingerprint);
    const [oldest] = this.#started.keys();
    if (this.#started.size > maxStarted && oldest !== undefined) this.#started.delete(oldest);
  }

  #shows(identity: Identity, list: string, item: unknown): boolean {
    if (!isMap(item)) return false;
    const project = textIn(item, 'project');
    if (list === 'instances') return identity.sight.role(project, textIn(item, 'name')) !== undefined;
    if (list === 'sessions') return identity.sight.role(project, textIn(item, 'instance')) !== undefined;
    if (list !== 'operations') return identity.sight.role(project) !== undefined;
    const resources = (item['resources'] ?? []) as readonly string[]; // of an encoded operation
    return this.seesOperation(identity, { id: textIn(item, 'id'), project, resources });
  }
}

/** What the events of these are about is not in any project, though they name the default one. */
const serverSource = /^(?:server|certificate|certificate-token|auth-group)(?:\/|$)/;

/** Fault `forbidden` for changes of what a project of the caller shares with one that is not its own. */
export function checkOwner({ sight }: Identity, home: string, what: string): void {
  if (!covers(sight.role(home), 'admin')) {
    throw new Fault('forbidden', `The ${what} of this project are shared: you may only use them`);
  }
}

function checkEnters({ sight }: Identity, project: string): void {
  if (!sight.enters(project)) throw new Fault('not-found', `Project "${project.slice(0, 80)}" does not exist`);
}

function checkInstance({ sight }: Identity, rule: MethodRule, needed: Role, project: string, name: string): void {
  const role = sight.role(project, name);
  if (role === undefined) throw new Fault('not-found', `Instance "${name.slice(0, 80)}" does not exist`);
  demand(role, needed, rule, `instance "${name.slice(0, 80)}" of ${inProject(project)}`);
}

function checkProject({ sight }: Identity, rule: MethodRule, needed: Role, project: string): void {
  const role = sight.role(project);
  if (rule.contents && needed === 'viewer') return;
  if (role === undefined && needed === 'viewer') {
    const what = 'it does not exist, or you may not see it';
    throw new Fault('not-found', `Not found in ${inProject(project)}: ${what}`);
  }
  demand(role, needed, rule, inProject(project));
}

function demand(role: Role | undefined, needed: Role, { path }: MethodRule, what: string): void {
  if (covers(role, needed)) return;
  throw new Fault('forbidden', `You may not call ${path}: it needs the permission "${needed}" for ${what}`);
}

function inProject(project: string): string {
  return `project "${project.slice(0, 80)}"`;
}

/** The name in `instance/web` and `instance/web/snap0`. */
function instanceIn(resource: string): string | undefined {
  return /^instance\/([^/]+)/.exec(resource)?.[1];
}

function textIn(message: Message, field: string): string {
  const value = message[field];
  return typeof value === 'string' ? value : '';
}
