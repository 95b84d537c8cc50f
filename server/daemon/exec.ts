import type { AgentInstance } from '../agents/agents.ts';
import type { ExecCommand } from '../agents/exec-session.ts';
import type { SessionRecord } from '../agents/session-records.ts';
import { environmentOf } from '../instances/config-keys.ts';
import type { Instance } from '../instances/instance.ts';
import type { ExecServiceDeps } from '../rpc/exec-service.ts';
import type { SessionServiceDeps } from '../rpc/session-service.ts';
import type { Engines } from './engines.ts';
import { agentInstance, type InstanceParts, runningInstance } from './instances.ts';

/** Commands in running instances. */
export function execDeps({ agents, sessions }: Engines, parts: InstanceParts): ExecServiceDeps {
  const complete = async (project: string, name: string, command: ExecCommand) => {
    const instance = await runningInstance(parts, project, name);
    const holds = await parts.expanded(instance);
    const environment = { ...environmentOf(holds.config), ...command.environment };
    return { agent: agentInstance(instance, holds), command: { ...command, environment } };
  };
  return {
    booted: async (task, project, name) => {
      await parts.booted(await runningInstance(parts, project, name), task.signal);
    },
    exec: async (task, project, name, given) => {
      const { agent, command } = await complete(project, name, given);
      return await agents.exec(task, agent, command);
    },
    keep: async (task, project, name, given, options) => {
      const { agent, command } = await complete(project, name, given);
      return await sessions.start(task, agent, command, options);
    },
  };
}

/** Sessions, by the instances that have them: those may have been renamed and moved since. */
export function sessionDeps({ sessions }: Engines, parts: InstanceParts): SessionServiceDeps {
  const agentOf = async (instance: Instance): Promise<AgentInstance> =>
    agentInstance(instance, await parts.expanded(instance));
  return {
    find: async (id) => {
      const record = sessions.find(id);
      const instance = record && (await instanceOf(parts, record));
      return record && instance && { record, instance };
    },
    instances: async (project) =>
      (await parts.records.list(project)).filter(
        ({ uuid }) => sessions.has(uuid) && parts.supervisor.status(uuid) !== 'stopped',
      ),
    instance: (project, name) => parts.records.get(project, name),
    attach: async (task, { name, project }, id, from) => {
      const instance = await runningInstance(parts, project, name);
      return await sessions.attach(task, await agentOf(instance), id, from);
    },
    list: async (task, instance) => await sessions.list(task, await agentOf(instance)),
    end: async (task, instance, id) => await sessions.end(task, await agentOf(instance), id),
  };
}

async function instanceOf({ records }: InstanceParts, record: SessionRecord): Promise<Instance | undefined> {
  return (await records.list()).find(({ uuid }) => uuid === record.instance);
}
