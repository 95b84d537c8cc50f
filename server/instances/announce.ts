import type { Events } from '../events/events.ts';
import { type Instance, resourceOf } from './instance.ts';

/** Announces a change of an instance, after it is true. */
export function announce(
  events: Pick<Events, 'lifecycle'>,
  action: string,
  instance: Pick<Instance, 'name' | 'project'>,
  context: Readonly<Record<string, string>> = {},
): void {
  events.lifecycle(action, resourceOf(instance), context, instance.project);
}
