import type { Connection } from '../client/connection.ts';
import { Failure } from '../client/failure.ts';
import { waitFor } from '../client/operation.ts';
import type { Context } from '../commands/command.ts';
import { deviceMessages } from '../config/instance-subject.ts';
import { devicesRecord } from '../instances/record.ts';
import { printable } from '../output/printable.ts';
import type { Named, Preseed, PreseedProfile } from './preseed.ts';

/** One change that was made. */
interface Made {
  /** `project "team" created`. */
  readonly what: string;
  undo(): Promise<unknown>;
}

/**
 * Makes a server what a preseed says: what exists gets what is said of it, and keeps the rest. Whole or nothing: when a part
 * fails, or Ctrl-C is pressed, what was made before is undone, the last first, and the failure is thrown; what could not be
 * undone, as when somebody else has changed it since, is said. Resolves to what was done, a line each.
 */
export async function applyPreseed(context: Context, preseed: Preseed): Promise<string[]> {
  const connection = await context.connect();
  const steps = [
    ...preseed.projects.map((project) => () => applyProject(context, connection, project)),
    ...preseed.profiles.map((profile) => () => applyProfile(connection, profile)),
    // Last: from then on others may come.
    () => applyConfig(connection, preseed.config),
  ];
  const made: Made[] = [];
  let interrupted = false;
  const off = context.terminal.onSignal('SIGINT', () => {
    interrupted = true;
  });
  try {
    for (const step of steps) {
      if (interrupted) throw new Failure('', { exitCode: 130 });
      const change = await step();
      if (change !== undefined) made.push(change);
    }
  } catch (error) {
    for (const change of made.toReversed()) await undo(context, change);
    throw error;
  } finally {
    off();
  }
  return made.map(({ what }) => what);
}

async function undo({ terminal }: Context, { what, undo: back }: Made): Promise<void> {
  try {
    await back();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    await terminal.error.write(`Warning: not undone: ${printable(what)}: ${printable(reason)}\n`);
  }
}

async function applyProject(context: Context, connection: Connection, wanted: Named): Promise<Made | undefined> {
  const { name, config } = wanted;
  const present = await found(connection.call('ProjectService', 'GetProject', { name }));
  if (present?.project == null) {
    await connection.call('ProjectService', 'CreateProject', { name, description: wanted.description ?? '', config });
    return {
      what: `project "${name}" created`,
      undo: async () => {
        const { operation } = await connection.call('ProjectService', 'DeleteProject', { name });
        await waitFor(context, connection, operation, { silent: true });
      },
    };
  }
  const { description, config: before, etag } = present.project;
  const after = { description: wanted.description ?? description, config: withoutEmpty({ ...before, ...config }) };
  if (isSame(after, { description, config: before })) return undefined;
  const answer = await connection.call('ProjectService', 'UpdateProject', { name, etag, ...after });
  const back = { name, etag: answer.project?.etag ?? '', description, config: before };
  return { what: `project "${name}" changed`, undo: () => connection.call('ProjectService', 'UpdateProject', back) };
}

async function applyProfile(connection: Connection, wanted: PreseedProfile): Promise<Made | undefined> {
  const { name, project } = wanted;
  const id = { name, project };
  const what = `profile "${name}" of project "${project}"`;
  const present = await found(connection.call('ProfileService', 'GetProfile', id));
  if (present?.profile == null) {
    const { config, devices, description = '' } = wanted;
    const content = { description, config, devices: deviceMessages(devices) };
    await connection.call('ProfileService', 'CreateProfile', { ...id, ...content });
    return { what: `${what} created`, undo: () => connection.call('ProfileService', 'DeleteProfile', id) };
  }
  const { description, config, etag } = present.profile;
  const devices = devicesRecord(present.profile.devices);
  const after = {
    ...{ description: wanted.description ?? description, config: withoutEmpty({ ...config, ...wanted.config }) },
    devices: { ...devices, ...wanted.devices },
  };
  if (isSame(after, { description, config, devices })) return undefined;
  const request = { ...id, ...after, etag, devices: deviceMessages(after.devices) };
  const answer = await connection.call('ProfileService', 'UpdateProfile', request);
  const back = { ...id, etag: answer.profile?.etag ?? '', description, config, devices: deviceMessages(devices) };
  return { what: `${what} changed`, undo: () => connection.call('ProfileService', 'UpdateProfile', back) };
}

async function applyConfig(
  connection: Connection,
  wanted: Readonly<Record<string, string>>,
): Promise<Made | undefined> {
  const { config, etag } = await connection.call('ServerService', 'GetServerConfig', {});
  const after = withoutEmpty({ ...config, ...wanted });
  if (isSame(after, config)) return undefined;
  const answer = await connection.call('ServerService', 'UpdateServerConfig', { config: after, etag });
  const back = { config, etag: answer.etag };
  return {
    what: 'configuration of the server changed',
    undo: () => connection.call('ServerService', 'UpdateServerConfig', back),
  };
}

/** Undefined for what does not exist. */
async function found<Answer>(answer: Promise<Answer>): Promise<Answer | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (Failure.is(error, 'not-found')) return undefined;
    throw error;
  }
}

/** An empty value is the same as none: it unsets a key. */
function withoutEmpty(config: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(config).filter(([, value]) => value !== ''));
}

/** Of plain data, whatever the order of its keys. */
function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(sorted(one)) === JSON.stringify(sorted(other));
}

function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return entries.map(([key, item]) => [key, sorted(item)]);
}
