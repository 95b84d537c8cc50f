import type { BenchImage, Subject } from '../subjects/subject.ts';

/** Asked from inside, so that the wait costs one command however long it takes. */
const untilSystemdIsUp = [
  'until state=$(systemctl is-system-running --wait 2>/dev/null); [ "$state" = running ] || [ "$state" = degraded ]',
  'do sleep 0.01',
  'done',
].join('; ');

/** Resolves when the instance is up: a command runs in it, and systemd, where it is init, has finished the boot. */
export async function ready(subject: Subject, image: BenchImage, instance: string): Promise<void> {
  const command = image === 'tiny' ? ['true'] : ['sh', '-c', untilSystemdIsUp];
  await subject.command('exec', instance, '--', ...command);
}
