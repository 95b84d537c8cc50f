import type { LiveApplier } from '../../server/instances/live-change.ts';

/** An applier that notes what it does to which instance in `steps`, and fails at the step that is `failing`. */
export function recordingApplier(name: string, steps: string[], failing = ''): LiveApplier {
  const step = (what: string) => {
    steps.push(what);
    if (what === failing) throw new Error(`no ${what}`);
  };
  return {
    check: async ({ instance }) => step(`check ${name} of ${instance.name}`),
    apply: async (_task, revert, { instance }) => {
      step(`apply ${name} of ${instance.name}`);
      revert.push(`undo ${name}`, () => void steps.push(`undo ${name} of ${instance.name}`));
    },
  };
}
