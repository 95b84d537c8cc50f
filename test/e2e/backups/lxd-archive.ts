import { gzipSync } from 'node:zlib';
import { indexName } from '../../../server/backups/backup-index.ts';
import { padding, type TarEntry, tarTypes } from '../../../server/images/tar-format.ts';
import { TarReader } from '../../../server/images/tar-reader.ts';
import { tarEnd, tarFile, tarHeader } from '../../../server/images/tar-writer.ts';

const owner = { linkName: '', uid: 0, gid: 0, mtime: 1, attributes: new Map<string, string>() };
const directory = (name: string, mode: number) =>
  tarHeader({ ...owner, name, mode, type: tarTypes.directory, sizeBytes: 0 });

function file(name: string, mode: number, text: string): Uint8Array {
  const content = Buffer.from(text);
  return tarFile({ ...owner, name, mode, type: tarTypes.file, sizeBytes: content.length }, content);
}

export interface LxdFacts {
  readonly name: string;
  /** `config` of `lxc config show`, of the instance and of its snapshots. */
  readonly config: Readonly<Record<string, string>>;
  readonly snapshots: readonly string[];
  /** `metadata.yaml`, and the files of `templates/`. */
  readonly metadata: string;
  readonly templates: Readonly<Record<string, string>>;
  /** By how much owners are shifted on the disk, and so in the archive. */
  readonly shift: number;
  /** Whether the configuration is below `instance`, as LXD 6 writes it, or `container`, as before. */
  readonly version: 1 | 2;
}

/**
 * The roots of one of yurt's own backups, not compressed, as `lxc export` of a pool of type dir writes them: snapshots first, all of a
 * volume in the order of its names, directories without a slash at their end, gzip.
 */
export function lxdBackup(own: Uint8Array, facts: LxdFacts): Buffer {
  const parts: Uint8Array[] = [file(indexName, 0o644, indexOf(facts))];
  let volume = '';
  let filler = 0;
  const endVolume = () => {
    const templates = Object.entries(facts.templates);
    if (volume === '' || templates.length === 0) return;
    parts.push(directory(`${volume}/templates`, 0o755));
    for (const [name, text] of templates) parts.push(file(`${volume}/templates/${name}`, 0o644, text));
  };
  const beginVolume = (name: string) => {
    endVolume();
    volume = name;
    parts.push(directory(volume, 0o100), file(`${volume}/backup.yaml`, 0o400, 'container:\n  name: ../../etc\n'));
    parts.push(file(`${volume}/metadata.yaml`, 0o644, facts.metadata));
  };
  const reader = new TarReader({
    entry: (entry: TarEntry) => {
      const of = /^(backup\/(?:container|snapshots\/[^/]+))\/rootfs/.exec(entry.name)?.[1];
      if (of === undefined) return false;
      if (of !== volume) beginVolume(of);
      const ids = { uid: entry.uid + facts.shift, gid: entry.gid + facts.shift };
      parts.push(tarHeader({ ...entry, ...ids, name: entry.name.replace(/\/$/, '') }));
      filler = padding(entry.sizeBytes);
      return entry.sizeBytes > 0;
    },
    data: (bytes) => void parts.push(Buffer.from(bytes)),
    endEntry: () => void parts.push(new Uint8Array(filler)),
  });
  reader.push(own);
  reader.finish();
  endVolume();
  return gzipSync(Buffer.concat([...parts, tarEnd]));
}

function indexOf({ name, config, snapshots, version, shift }: LxdFacts): string {
  const range = { Hostid: shift, Nsid: 0, Maprange: 1_000_000 };
  const ranges = [
    { Isuid: true, Isgid: false, ...range },
    { Isuid: false, Isgid: true, ...range },
  ];
  const idmap = { 'volatile.last_state.idmap': JSON.stringify(shift === 0 ? [] : ranges) };
  const pairs = Object.entries({ ...config, ...idmap }).map(([key, value]) => `      ${key}: ${JSON.stringify(value)}`);
  const instance = [
    ...['    architecture: x86_64', '    config:', ...pairs],
    ...['    devices:', '      root:', '        path: /', '        pool: default', '        type: disk'],
    ...['    ephemeral: false', '    profiles:', '    - default', '    stateful: false', '    description: "of old"'],
    ...['    created_at: 2026-11-23T16:27:41.513613178Z', '    expanded_config:', ...pairs, '    expanded_devices: {}'],
  ];
  const snapshot = (each: string) => [
    ...['  - expires_at: 0001-01-01T00:00:00Z', ...instance, `    name: ${each}`, '    size: -1'],
  ];
  return [
    ...[`name: ${name}`, 'backend: dir', 'pool: default'],
    ...(snapshots.length === 0 ? [] : ['snapshots:', ...snapshots.map((each) => `- ${each}`)]),
    ...['optimized: false', 'optimized_header: false', 'type: container', 'config:'],
    ...(version === 2 ? ['  version: "2"', '  instance:'] : ['  container:']),
    ...[...instance, `    name: ${name}`, '    status: Stopped', '    status_code: 102', '    type: container'],
    ...(snapshots.length === 0 ? [] : ['  snapshots:', ...snapshots.flatMap(snapshot)]),
    ...['  profiles:', '  - config: {}', '    name: default', '    devices: {}', '    used_by: []'],
    ...['  volume:', `    name: ${name}`, '    type: container', '    content_type: filesystem', ''],
  ].join('\n');
}
