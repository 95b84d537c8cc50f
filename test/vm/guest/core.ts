import type { TemplateImage } from '../../e2e/harness/template.ts';

/** The end-to-end core: what must hold on a pure cgroup v2 host with AppArmor and crun. Paths from the project's root. */
export const coreTests: readonly string[] = [
  'test/vm/guest/*.test.ts',
  'test/e2e/debian.test.ts',
  'test/e2e/exec.test.ts',
  // What keeps them read-only is not the same with crun as with runc.
  'test/e2e/agent-files.test.ts',
  'test/e2e/devices/disk.test.ts',
  'test/e2e/devices/nic.test.ts',
  'test/e2e/devices/nic-rules.test.ts',
  'test/e2e/devices/proxy.test.ts',
  'test/e2e/devices/unix-node.test.ts',
  'test/e2e/files/files.test.ts',
  'test/e2e/limits.test.ts',
  'test/e2e/snapshots/snapshots.test.ts',
];

/** The templates that those tests start from: built on the host, since the guest has no network. */
export const coreTemplates: readonly (readonly TemplateImage[])[] = [['tiny'], ['tiny', 'debian/12']];
