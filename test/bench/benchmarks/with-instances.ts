import type { Subject } from '../subjects/subject.ts';

/** The names of the instances that `withInstances` makes. */
export function instanceNames(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `many-${index}`);
}

/** Runs `work` while each subject has `count` tiny instances running. */
export async function withInstances<Result>(
  subjects: readonly Subject[],
  count: number,
  work: () => Promise<Result>,
): Promise<Result> {
  const names = instanceNames(count);
  for (const subject of subjects) for (const name of names) await subject.launch('tiny', name);
  const result = await work();
  for (const subject of subjects) await subject.command('delete', '--force', ...names);
  return result;
}
