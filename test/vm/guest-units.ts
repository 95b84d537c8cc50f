/** What the guest and the host call the channels between them. */
export const ports = {
  /** What the tests print, as it comes. */
  report: 'yurt.report',
  /** One line of JSON when they have ended: the totals. */
  totals: 'yurt.totals',
} as const;

/** On the kernel's command line: the test files to run instead of the core. */
export const testsParameter = 'yurt.tests';
/** Patterns have commas of their own. */
export const testsSeparator = ';';

/** Files that turn a Debian into one that mounts the project, runs its tests and powers off. */
export const guestUnits: Readonly<Record<string, string>> = {
  '/etc/fstab': [
    '/dev/vda / ext4 defaults,noatime 0 0',
    '/dev/vdb /opt/yurt squashfs ro 0 0',
    '/dev/vdc /opt/templates squashfs ro 0 0',
    '',
  ].join('\n'),
  '/etc/systemd/system/yurt-test.service': [
    '[Unit]',
    'Description=Tests of yurt',
    'Wants=apparmor.service lxcfs.service',
    'After=apparmor.service lxcfs.service',
    'SuccessAction=poweroff-force',
    'FailureAction=poweroff-force',
    '',
    '[Service]',
    'Type=oneshot',
    'WorkingDirectory=/opt/yurt',
    'Environment=HOME=/root YURT_TEST_CACHE=/opt/templates',
    'ExecStart=/opt/yurt/bin/node /opt/yurt/test/vm/guest/main.ts',
    `StandardOutput=file:/dev/virtio-ports/${ports.report}`,
    'StandardError=inherit',
    'TimeoutStartSec=infinity',
    'TasksMax=infinity',
    'LimitNOFILE=65536',
    '',
  ].join('\n'),
};
