import { Failure } from '../client/failure.ts';
import { deviceMessages } from '../config/instance-subject.ts';
import { profileSubject } from '../config/profile-subject.ts';
import { type Content, change } from '../config/subject.ts';
import type { Context, Input } from './command.ts';

export async function run(context: Context, input: Input): Promise<void> {
  const [source = '', name = ''] = input.arguments;
  const { content } = await (await profileSubject(context, source)).read();
  const project = input.value('target-project') ?? context.global.project;
  const target: Context = { ...context, global: { ...context.global, project } };
  if (input.flag('refresh') && (await exists(target, name))) {
    await change(await profileSubject(target, name), () => content);
    return;
  }
  await create(target, name, content);
}

async function exists(context: Context, name: string): Promise<boolean> {
  try {
    await (await profileSubject(context, name)).read();
    return true;
  } catch (error) {
    if (Failure.is(error, 'not-found')) return false;
    throw error;
  }
}

async function create(context: Context, name: string, { description, config, devices }: Content): Promise<void> {
  const request = { name, project: context.global.project, description, config, devices: deviceMessages(devices) };
  await (await context.connect()).call('ProfileService', 'CreateProfile', request);
}
