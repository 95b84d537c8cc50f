import type { Project__Output } from '../../proto/gen/yurt/v1/Project.ts';

/** A project as `show` and `-f json` have it. */
export function projectRecord({ name, description, config, usedBy }: Project__Output): Record<string, unknown> {
  return { name, description, config, used_by: usedBy };
}
