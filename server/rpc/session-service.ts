import type { Session } from '../../proto/gen/yurt/v1/Session.ts';
import type { SessionServiceHandlers } from '../../proto/gen/yurt/v1/SessionService.ts';
import type { ExecSession } from '../agents/exec-session.ts';
import type { OutputPositions, SessionView } from '../agents/kept-sessions.ts';
import type { SessionRecord } from '../agents/session-records.ts';
import { Fault } from '../base/fault.ts';
import type { Task } from '../base/task.ts';
import type { Instance } from '../instances/instance.ts';
import { covers } from '../trust/role.ts';
import { encodeTime } from './encode.ts';
import { relayExec } from './exec-service.ts';
import { firstMessage } from './first-message.ts';
import { projectOf } from './project.ts';
import { type Call, type Handlers, messagesOf } from './router.ts';

export interface SessionServiceDeps {
  /** A session, with the instance that has it. */
  readonly find: (id: string) => Promise<FoundSession | undefined>;
  /** The instances of a project, or of all, that may have sessions. */
  readonly instances: (project: string | undefined) => Promise<readonly Instance[]>;
  /** Fault `not-found`. */
  readonly instance: (project: string, name: string) => Promise<Instance>;
  /** Faults: `not-found`, `wrong-state`, `unavailable`. */
  readonly attach: (task: Task, instance: Instance, id: string, from: OutputPositions) => Promise<ExecSession>;
  readonly list: (task: Task, instance: Instance) => Promise<readonly SessionView[]>;
  readonly end: (task: Task, instance: Instance, id: string) => Promise<void>;
}

interface FoundSession {
  readonly record: SessionRecord;
  readonly instance: Instance;
}

export function sessionService(deps: SessionServiceDeps): Handlers<SessionServiceHandlers> {
  return {
    AttachSession: async (call, stream) => {
      const requests = messagesOf(call, stream);
      const start = await firstMessage(requests);
      const { instance } = await found(deps, projectOf(start), start.session);
      const from = { stdout: positionOf(start.stdoutFrom), stderr: positionOf(start.stderrFrom) };
      const session = await deps.attach(taskOf(call), instance, start.session, from).catch((error) => {
        throw named(error, start.session);
      });
      await relayExec({ call, stream, requests }, session, { windowed: start.windowed, id: start.session });
    },
    ListSessions: async (call, request) => {
      const project = projectOf(request);
      // What a command is called with is for those who could look at it in the instance.
      const shows = (one: Instance) => covers(call.identity.sight.role(one.project, one.name), 'user');
      const all = (await deps.instances(request.allProjects ? undefined : project)).filter(shows);
      const chosen = request.instance === '' ? all : all.filter(({ name }) => name === request.instance);
      // Whether there is one that has no sessions is said to those who see all of the project.
      if (request.instance !== '' && call.identity.sight.role(project)) await deps.instance(project, request.instance);
      const lists = await Promise.all(
        chosen.map(async (instance) =>
          (await deps.list(taskOf(call), instance)).map((view) => encodeSession(view, instance)),
        ),
      );
      return { sessions: lists.flat() };
    },
    EndSession: async (call, request) => {
      const { instance, record } = await found(deps, projectOf(request), request.session);
      await deps.end(taskOf(call), instance, record.id);
      return {};
    },
  };
}

/** Fault `not-found`, also for a session of another project. */
async function found(deps: SessionServiceDeps, project: string, id: string): Promise<FoundSession> {
  const session = await deps.find(id);
  if (session === undefined || session.instance.project !== project) throw doesNotExist(id);
  return session;
}

function doesNotExist(id: string): Fault {
  return new Fault('not-found', `Session "${id.slice(0, 80)}" does not exist`);
}

/** A session that has ended in between is one that does not exist. */
function named(error: unknown, id: string): unknown {
  return Fault.from(error).code === 'not-found' ? doesNotExist(id) : error;
}

function positionOf(bytes: number): number {
  if (!Number.isSafeInteger(bytes) || bytes < 0) throw new Fault('invalid', `No position in an output: ${bytes}`);
  return bytes;
}

function taskOf(call: Call): Task {
  return { signal: call.signal, log: call.log, report() {} };
}

function encodeSession(view: SessionView, { name, project }: Instance): Session {
  const { state } = view;
  const status = state === undefined ? 'UNSPECIFIED' : state.code === undefined ? 'RUNNING' : 'ENDED';
  return {
    ...{ id: view.id, instance: name, project, command: [...view.command], terminal: view.terminal },
    createdAt: encodeTime(view.createdAt),
    status: `SESSION_STATUS_${status}`,
    attached: state?.attached ?? false,
    exitCode: state?.code ?? 0,
  };
}
