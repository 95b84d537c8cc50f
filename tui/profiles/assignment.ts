import { Failure } from '../client/failure.ts';
import type { Context } from '../commands/command.ts';
import { instanceSubject } from '../config/instance-subject.ts';
import { change } from '../config/subject.ts';
import { say } from '../output/say.ts';

/** Replaces the profiles of an instance. */
export async function assign(context: Context, instance: string, profiles: readonly string[]): Promise<void> {
  await change(await instanceSubject(context, instance), ({ content }) => ({ ...content, profiles }));
  await say(context, `Profiles ${profiles.length === 0 ? '(none)' : profiles.join(',')} applied to ${instance}`);
}

export async function addProfile(context: Context, instance: string, profile: string): Promise<void> {
  await change(await instanceSubject(context, instance), ({ content }) => ({
    ...content,
    profiles: [...(content.profiles ?? []), profile],
  }));
  await say(context, `Profile ${profile} added to ${instance}`);
}

export async function removeProfile(context: Context, instance: string, profile: string): Promise<void> {
  await change(await instanceSubject(context, instance), ({ content }) => {
    const { profiles = [] } = content;
    if (!profiles.includes(profile)) throw new Failure(`Profile ${profile} isn't currently applied to ${instance}`);
    return { ...content, profiles: profiles.filter((name) => name !== profile) };
  });
  await say(context, `Profile ${profile} removed from ${instance}`);
}
