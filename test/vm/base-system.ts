import { createHash } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { run, runChecked } from '../../server/host/run.ts';
import { guestUnits, ports } from './guest-units.ts';

/** A bootable system: absolute paths of files that nobody writes to. */
export interface BaseSystem {
  readonly rootDisk: string;
  readonly kernel: string;
  readonly initrd: string;
}

const suite = 'bookworm';
/** Sparse: holes cost nothing until the guest writes, and what it writes is thrown away. */
const rootDiskBytes = 16 * 1024 ** 3;
const packages = [
  ...['linux-image-cloud-amd64', 'systemd-sysv', 'dbus', 'udev', 'kmod', 'apparmor', 'lxcfs'],
  ...['crun', 'conmon', 'iproute2', 'nftables', 'dnsmasq-base', 'busybox-static', 'uidmap', 'zstd', 'libatomic1'],
  ...['attr', 'btrfs-progs', 'e2fsprogs', 'xfsprogs', 'squashfs-tools', 'procps', 'iputils-ping'],
];
const unwantedUnits = [
  ...['serial-getty@ttyS0.service', 'getty@tty1.service', 'systemd-timesyncd.service'],
  ...['apt-daily.timer', 'apt-daily-upgrade.timer', 'dpkg-db-backup.timer', 'e2scrub_all.timer', 'fstrim.timer'],
];
const files: Readonly<Record<string, string>> = {
  '/etc/hostname': 'yurt-vm\n',
  '/etc/hosts': '127.0.0.1 localhost yurt-vm\n::1 localhost\n',
  '/etc/machine-id': '',
  ...guestUnits,
};

/** The base system from the cache; made there first when its recipe is not the cached one's. Takes a minute or two then. */
export async function baseSystem(cache: string): Promise<BaseSystem> {
  const recipe = JSON.stringify({ suite, rootDiskBytes, packages, unwantedUnits, files, ports });
  const key = createHash('sha256').update(recipe).digest('hex').slice(0, 16);
  const directory = join(cache, `base-${key}`);
  if (!existsSync(directory)) {
    console.log(`Building the virtual machine's system (${suite}), once for this recipe…`);
    await build(directory);
    for (const name of readdirSync(cache)) {
      if (name.startsWith('base-') && name !== `base-${key}`) rmSync(join(cache, name), { recursive: true });
    }
  }
  return {
    rootDisk: join(directory, 'root.ext4'),
    kernel: join(directory, 'vmlinuz'),
    initrd: join(directory, 'initrd.img'),
  };
}

/** All or nothing: the directory appears by one rename. */
async function build(directory: string): Promise<void> {
  mkdirSync(dirname(directory), { recursive: true });
  const part = mkdtempSync(`${directory}.part-`);
  const tree = mkdtempSync(join(tmpdir(), 'yurt-vm-tree-'));
  try {
    chmodSync(tree, 0o755);
    const root = join(tree, 'root');
    await runChecked(run, [
      ...['mmdebstrap', '--quiet', '--variant=apt', `--include=${packages.join(',')}`],
      ...['doc', 'man', 'info', 'locale'].map((name) => `--dpkgopt=path-exclude=/usr/share/${name}/*`),
      ...[suite, root],
    ]);
    configure(root);
    const boot = readdirSync(join(root, 'boot'));
    const bootFile = (prefix: string) => join(root, 'boot', boot.find((name) => name.startsWith(prefix)) ?? prefix);
    cpSync(bootFile('vmlinuz-'), join(part, 'vmlinuz'));
    cpSync(bootFile('initrd.img-'), join(part, 'initrd.img'));
    const disk = join(part, 'root.ext4');
    const unsafeButFast = ['-O', '^has_journal', '-E', 'lazy_itable_init=1,nodiscard', '-m', '0'];
    await runChecked(run, ['mkfs.ext4', '-q', ...unsafeButFast, '-d', root, disk, `${rootDiskBytes / 1024}k`]);
    renameSync(part, directory);
  } finally {
    rmSync(tree, { recursive: true, force: true });
    rmSync(part, { recursive: true, force: true });
  }
}

function configure(root: string): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  const units = join(root, 'etc/systemd/system');
  for (const unit of unwantedUnits) {
    rmSync(join(units, unit), { force: true });
    symlinkSync('/dev/null', join(units, unit));
  }
  mkdirSync(join(units, 'multi-user.target.wants'), { recursive: true });
  symlinkSync('/etc/systemd/system/yurt-test.service', join(units, 'multi-user.target.wants/yurt-test.service'));
  for (const directory of ['opt/yurt', 'opt/templates']) mkdirSync(join(root, directory), { recursive: true });
}
