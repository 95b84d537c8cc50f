import type { FileEntry__Output } from '../../../proto/gen/yurt/v1/FileEntry.ts';
import type { Snapshot__Output } from '../../../proto/gen/yurt/v1/Snapshot.ts';
import { rowsOf } from '../drawing.ts';
import { line } from '../frame/line.ts';
import type { ColourDepth } from '../frame/theme.ts';
import { atScreen } from '../keys/screen-commands.ts';
import { instancePage } from '../state/page.ts';
import type { ScreenName, Size, State } from '../state/state.ts';
import { update } from '../state/update.ts';
import { complete } from './complete.ts';
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
    palette: typed(state, ':', 'text:st'),
    launch: typed(state, 'n', 'text:de', 'tab', 'down', 'text:web3', 'down', 'down', 'text:limits.memory=1GiB'),
    'instance-overview': web1,
    'instance-devices': tab(1),
    'instance-config': tab(2),
    'instance-network': tab(3),
    'instance-snapshots': typed(snapshotted(tab(4)), 'j'),
    'instance-snapshot-name': typed(snapshotted(tab(4)), 'n', 'text:before-upgrade'),
    'instance-restore': typed(snapshotted(tab(4)), 'G', 'r'),
    'instance-log': logged(tab(5)),
    'instance-log-search': typed(logged(tab(5)), '/', 'text:start', 'enter'),
    'instance-events': typed(tab(6)),
    'instance-metrics': tab(7),
    panes: withPanes(typed(state, 'G')),
    'pane-scrollback': lookedBack(withPanes(typed(state, 'G'))),
    'instance-files': withEtc(typed(state, 'G', 'F')),
    'instance-file': typed(withHosts(withEtc(typed(state, 'G', 'F'))), 'j'),
    'instance-rename': typed(state, 'm', 'text:er'),
    'instance-copy': typed(state, 'G', 'C', 'text:web11'),
    images: screen('images'),
    image: typed(screen('images'), 'enter'),
    profiles: screen('profiles'),
    networks: screen('networks'),
    storage: screen('storage'),
    projects: screen('projects'),
    operations: screen('operations'),
    events: screen('events'),
    server: screen('server'),
  };
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
