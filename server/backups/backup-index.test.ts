import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type BackupIndex, formatIndex, parseIndex } from './backup-index.ts';

const kept = {
  ...{ architecture: 'x86_64', description: 'a "b"', ephemeral: false, profiles: ['default'] },
  ...{ config: { 'user.text': 'one\ntwo: *x' }, devices: { eth0: { type: 'nic', network: 'n' } } },
  image: { fingerprint: 'f'.repeat(64), description: 'd' },
};
const at = '2026-01-02T03:04:05.000Z';
const index: BackupIndex = {
  ...{ name: 'web', instance: kept },
  snapshots: [{ name: 'snap0', createdAt: at, expiresAt: '', kept }],
};

describe('the index of a backup', () => {
  it('says the same when it was written and read', () => {
    assert.deepEqual(parseIndex(formatIndex(index)), index);
  });

  it('is refused when it is no index, or names what no instance may be called', () => {
    const good = formatIndex(index);
    const wrong: [string, RegExp][] = [
      ['', /format/],
      ['[]', /not a mapping/],
      [good.replace('yurt-backup-1', 'yurt-backup-9'), /"yurt-backup-9", not yurt-backup-1/],
      [good.replace('"name": "web"', '"name": "../web"'), /Invalid instance name/],
      [good.replace('"name": "snap0"', '"name": "../../x"'), /Invalid name of a snapshot/],
      [
        good.replace('"profiles":\n', '"profiles": x\n').replace(/\n {4}- "default"/, ''),
        /profiles is not a list|YAML/,
      ],
      [`a: &x [1]\nb: *x\n`, /alias or anchor/],
      [`x: ${'y'.repeat(600_000)}`, /larger than/],
    ];
    for (const [text, message] of wrong) assert.throws(() => parseIndex(text), { message }, text.slice(0, 80));
    const twice = { ...index, snapshots: [...index.snapshots, ...index.snapshots] };
    assert.throws(() => parseIndex(formatIndex(twice)), /two snapshots of one name/);
  });

  it('is refused at the export when nobody could read it', () => {
    const config = { 'user.long': 'x'.repeat(60_000) };
    const snapshots = Array.from({ length: 10 }, (_, number) => ({
      ...{ name: `snap${number}`, createdAt: at, expiresAt: '', kept: { ...kept, config } },
    }));
    assert.throws(() => formatIndex({ ...index, snapshots }), { code: 'exhausted' });
  });

  it('is read as LXD writes it', () => {
    const text = `name: web
backend: dir
pool: default
snapshots: [snap0]
optimized: false
type: container
config:
  container:
    architecture: x86_64
    config:
      image.os: Debian
      volatile.base_image: ${'a'.repeat(64)}
    devices: {}
    ephemeral: false
    profiles: [default]
    stateful: false
    description: mine
    name: web
  snapshots:
    - expires_at: 0001-01-01T00:00:00Z
      architecture: x86_64
      config: {user.colour: blue}
      created_at: 2026-01-02T03:04:05Z
      devices: {}
      ephemeral: false
      name: snap0
      profiles: [default]
`;
    const parsed = parseIndex(text);
    assert.equal(parsed.name, 'web');
    assert.deepEqual([parsed.instance.profiles, parsed.instance.description], [['default'], 'mine']);
    assert.equal(parsed.instance.image.fingerprint, 'a'.repeat(64));
    assert.deepEqual(
      parsed.snapshots.map(({ name, createdAt, expiresAt, kept }) => [name, createdAt, expiresAt, kept.config]),
      [['snap0', at, '', { 'user.colour': 'blue' }]],
    );
    for (const [from, to, message] of [
      ['optimized: false', 'optimized: true', /storage driver/],
      ['type: container', 'type: virtual-machine', /virtual machine/],
    ] as const) {
      assert.throws(() => parseIndex(text.replace(from, to)), { code: 'unsupported', message });
    }
  });
});
