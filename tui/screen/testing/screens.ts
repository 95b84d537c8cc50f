import type { FileEntry__Output } from '../../../proto/gen/yurt/v1/FileEntry.ts';
import type { Process__Output } from '../../../proto/gen/yurt/v1/Process.ts';
import type { Snapshot__Output } from '../../../proto/gen/yurt/v1/Snapshot.ts';
import { rowsOf } from '../drawing.ts';
import { line } from '../frame/line.ts';
import type { ColourDepth } from '../frame/theme.ts';
import { atScreen } from '../keys/screen-commands.ts';
import { instancePage } from '../state/page.ts';
import type { ScreenName, Size, State } from '../state/state.ts';
import { update } from '../state/update.ts';
import { complete } from './complete.ts';
import { sampleInstance } from './sample-instance.ts';
import { sampleNow, sampleState, typed } from './sample-states.ts';

/** Every screen with a state that shows it: what is in docs/screens, and what the goldens hold. */
export function screens(size: Size): Readonly<Record<string, State>> {
  const state = sampleState(size);
  const web1 = { ...state, pages: [...state.pages, instancePage('default/web1')] } satisfies State;
  const tab = (count: number) => typed(web1, ...Array.from({ length: count }, () => 'tab'));
  const screen = (name: ScreenName) => update(atScreen(state, name), { type: 'tick', now: state.now }).state;
  return {
    instances: state,
    'instances-marked': typed(state, 'space', 'j', 'space'),
    'instances-filtered': typed(state, '/', 'text:web'),
    'instances-sorted': typed(state, 'o'),
    'instances-empty': update(state, { type: 'instances-listed', instances: [], now: sampleNow + 40_000 }).state,
    'delete-confirmation': typed(state, 'j', 'D'),
    disconnected: update(state, {
      ...{ type: 'link', link: { kind: 'lost', reason: 'Cannot reach yurtd at /run/yurt/unix.socket' } },
    }).state,
    help: typed(state, '?'),
    'help-typing': typed(state, '/', 'ctrl+g'),
    'help-form': typed(state, 'n', 'ctrl+g'),
    palette: typed(state, ':', 'text:st'),
    launch: typed(state, 'n', 'text:de', 'tab', 'down', 'text:web3', 'down', 'down', 'down', 'text:1GiB'),
    'instance-overview': web1,
    'instance-devices': tab(1),
    'instance-device': typed(tab(1), 'enter'),
    'instance-config': drafted(tab(2)),
    'instance-setting': typed(tab(2), 'n', 'text:limits.proc', 'tab', 'down', 'text:200'),
    'instance-config-difference': typed(drafted(tab(2)), 'ctrl+s'),
    'instances-grouped': typed(elsewhere(state), 'z', 'z'),
    'instances-remotes': elsewhere(state),
    'instance-move': typed(state, 'M', 'down', 'ctrl+u', 'text:la', 'tab'),
    'instance-publish': typed(state, 'P', 'text:golden'),
    'instance-rebuild': typed(state, 'B', 'text:deb', 'tab'),
    'image-build': typed(screen('images'), 'b', 'text:13', 'tab'),
    trust: screen('trust'),
    'trust-client': typed(screen('trust'), 'j', 'enter'),
    'trust-group': typed(screen('trust'), 'enter'),
    'trust-token': typed(screen('trust'), 'n', 'text:desktop'),
    'instance-network': tab(5),
    'instance-processes': withProcesses(tab(4)),
    'instance-snapshots': typed(snapshotted(tab(3)), 'j'),
    'instance-snapshot-name': typed(snapshotted(tab(3)), 'n', 'text:before-upgrade'),
    'instance-restore': typed(snapshotted(tab(3)), 'G', 'r'),
    'instance-log': logged(tab(6)),
    'instance-log-search': typed(logged(tab(6)), '/', 'text:start', 'enter'),
    'instance-events': typed(tab(7)),
    'instance-metrics': tab(8),
    panes: withPanes(typed(state, 'G')),
    'pane-scrollback': lookedBack(withPanes(typed(state, 'G'))),
    'instance-files': withEtc(typed(state, 'G', 'F')),
    'instance-file': typed(withHosts(withEtc(typed(state, 'G', 'F'))), 'j'),
    'instance-rename': typed(state, 'm', 'text:er'),
    'instance-copy': typed(state, 'G', 'C', 'text:web11'),
    images: screen('images'),
    image: typed(screen('images'), 'enter'),
    profiles: screen('profiles'),
    profile: typed(screen('profiles'), 'j', 'enter'),
    networks: screen('networks'),
    network: typed(screen('networks'), 'G', 'enter'),
    storage: screen('storage'),
    'storage-pool': typed(screen('storage'), 'enter'),
    projects: screen('projects'),
    project: typed(screen('projects'), 'G', 'enter'),
    operations: screen('operations'),
    operation: typed(screen('operations'), 'enter'),
    events: screen('events'),
    event: typed(screen('events'), 'enter'),
    server: screen('server'),
  };
}

/** A setting changed, one added and not applied. */
function drafted(state: State): State {
  const changed = typed(state, 'enter', 'ctrl+u', 'text:2GiB', 'ctrl+s');
  return typed(changed, 'n', 'text:boot.autostart', 'down', 'text:true', 'ctrl+s');
}

/** With the instances of a second server, and a third that is down. */
function elsewhere(state: State): State {
  const others = update(state, { type: 'others', remotes: ['office', 'lab'] }).state;
  const linked = update(others, { type: 'link', link: { kind: 'connected' }, remote: 'office' }).state;
  const reason = 'Cannot reach 192.0.2.7:8443: no route to host';
  const lost = update(linked, { type: 'link', link: { kind: 'lost', reason }, remote: 'lab' }).state;
  const samples = [
    { name: 'mail', status: 'RUNNING', address: 12, memoryMiB: 512, limitMiB: 2048, cpu: 0.2, hours: 900 },
    { name: 'web1', status: 'STOPPED' },
  ] as const;
  const told = (second: number, before: State) => {
    const instances = samples.map((sample) => sampleInstance(sample, sampleNow, second));
    const now = sampleNow + second * 1000;
    return update(before, { type: 'instances-listed', instances, now, remote: 'office' }).state;
  };
  return told(30, told(28, lost));
}

function snapshotted(state: State): State {
  const day = 86_400;
  const at = (days: number) => ({ seconds: sampleNow / 1000 + days * day, nanos: 0 });
  const snapshots = [
    { name: 'installed', createdAt: at(-30), expiresAt: null },
    { name: 'snap0', createdAt: at(-2), expiresAt: at(5) },
    { name: 'snap1', createdAt: at(-1), expiresAt: at(6) },
  ].map((one) => complete<Snapshot__Output>('Snapshot', { ...one, instance: 'web1', project: 'default' }));
  return update(state, { type: 'snapshots-listed', key: 'default/web1', snapshots }).state;
}

function withProcesses(state: State): State {
  const samples = [
    ...[
      { name: 'systemd', argv: ['/sbin/init'], cpu: 4.1, memory: 11.2 },
      { name: 'systemd-journal', argv: ['/lib/systemd/systemd-journald'], cpu: 2.2, memory: 9.8 },
    ],
    ...[
      { name: 'sshd', argv: ['sshd: /usr/sbin/sshd -D [listener] 0 of 10-100 startups'], cpu: 0.2, memory: 8.1 },
      { name: 'nginx', argv: ['nginx: worker process'], cpu: 512.7, memory: 34.5, uid: 33 },
      { name: 'kworker', argv: [], cpu: 0, memory: 0 },
    ],
  ];
  const told = (before: State, second: number) => {
    const processes = samples.map(({ name, argv, cpu, memory, uid = 0 }, index) =>
      complete<Process__Output>('Process', {
        ...{ pid: index * 41 + 1, hostPid: index + 9000, parentPid: index === 0 ? 0 : 1, uid, state: 'S', name },
        ...{ arguments: argv, memoryBytes: memory * 1024 * 1024, threadCount: 1 },
        cpuNanoseconds: Math.round((cpu + (cpu / 700) * second) * 1e9),
        startedAt: { seconds: sampleNow / 1000 - 70_000, nanos: 0 },
      }),
    );
    const now = sampleNow + second * 1000;
    const listed = { processes, truncated: false };
    return update(before, { type: 'processes-listed', key: 'default/web1', listed, now }).state;
  };
  return told(told(state, 28), 30);
}

function withPanes(state: State): State {
  const rows = ['root@NAME:~# uptime', ' 12:00:30 up 3 days,  2 users,  load average: 0.31', 'root@NAME:~# '];
  const opened = ['web2', 'web10'].reduce((before, name, index) => {
    const id = index + 1;
    const pane = update(before, { type: 'pane-opened', id, key: `default/${name}` }).state;
    const lines = rows.map((row) => line(row.replace('NAME', name)));
    return update(pane, { type: 'pane-drawn', id, lines }).state;
  }, state);
  return update(opened, { type: 'panes-typing', ids: [2] }).state;
}

function lookedBack(state: State): State {
  const printed = Array.from({ length: 60 }, (_, index) => line(`Get:${index + 1} package ${index + 1} of 60`));
  const lines = [line('root@web10:~# apt-get upgrade'), ...printed, line('root@web10:~# ')];
  const list = update(state, { type: 'panes-typing', ids: [] }).state;
  return typed(
    update(list, { type: 'pane-read', id: 2, key: 'default/web10', lines }).state,
    'k',
    '/',
    'text:package 5',
  );
}

function withEtc(state: State): State {
  const file = (name: string, kind: string, sizeBytes = 0, target = ''): FileEntry__Output =>
    complete<FileEntry__Output>('FileEntry', {
      ...{ name: Buffer.from(name), kind, mode: kind === 'directory' ? 0o755 : 0o644, sizeBytes },
      ...{ modifiedSeconds: sampleNow / 1000 - 86_400, target: Buffer.from(target) },
    });
  const entries = [
    ...[
      file('hosts', 'file', 174),
      file('systemd', 'directory'),
      file('apt', 'directory'),
      file('passwd', 'file', 922),
    ],
    ...[
      file('localtime', 'symlink', 27, '/usr/share/zoneinfo/Etc/UTC'),
      file('os-release', 'symlink', 21, '../usr/lib/os-release'),
    ],
  ];
  return update(state, { type: 'files-listed', key: 'default/web10', path: '/', entries }).state;
}

function withHosts(state: State): State {
  const lines = ['127.0.0.1\tlocalhost', '127.0.1.1\tweb10', '', '::1\tlocalhost ip6-localhost ip6-loopback'];
  const text = lines.map((one) => one.replaceAll('\t', '    '));
  return update(state, { type: 'file-read', key: 'default/web10', path: '/hosts', lines: text }).state;
}

function logged(state: State): State {
  const boot = ['Network', 'Journal Service', 'Login Service', 'OpenBSD Secure Shell server', 'Web server'].flatMap(
    (unit) => [`         Starting ${unit}...`, `[  OK  ] Started ${unit}.`],
  );
  const first = update(state, { type: 'console', key: 'default/web1', lines: boot, now: sampleNow }).state;
  const lines = [...boot, '', 'Debian GNU/Linux 12 web1 console', '', 'web1 login:'];
  const second = update(first, { type: 'console', key: 'default/web1', lines, now: sampleNow + 3000 }).state;
  return typed(second, 't');
}

/** What the terminal is to show for a state. */
export function drawn(state: State, depth: ColourDepth = 0): string {
  return rowsOf(state, depth).join('\n');
}

/** A frame as text: what is a row's end is no text. */
export function textOfFrame(frame: string): string {
  return `${frame
    .split('\n')
    .map((row) => row.replace(/\x1b\[[\d;]*m/g, '').trimEnd())
    .join('\n')
    .trimEnd()}\n`;
}
