import assert from 'node:assert/strict';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { importsOf, isTest, sourceFiles } from './source-files.ts';

/** Which folders of the server may be imported from which: the order of the layers, the edge first. */
const serverLayers: Readonly<Record<string, readonly string[]>> = {
  rpc: [
    'agents',
    'backups',
    'base',
    'daemon',
    'db',
    'devices',
    'events',
    'host',
    'images',
    'instances',
    'networks',
    'operations',
    'profiles',
    'projects',
    'runtime',
    'snapshots',
    'storage',
    'templates',
    'transfers',
    'trust',
  ],
  daemon: [
    'agents',
    'backups',
    'base',
    'db',
    'devices',
    'events',
    'host',
    'images',
    'instances',
    'networks',
    'operations',
    'profiles',
    'projects',
    'rpc',
    'runtime',
    'snapshots',
    'storage',
    'templates',
    'transfers',
    'trust',
  ],
  instances: [
    'base',
    'db',
    'devices',
    'events',
    'host',
    'networks',
    'operations',
    'profiles',
    'projects',
    'runtime',
    'storage',
    'templates',
  ],
  transfers: [
    'backups',
    'base',
    'devices',
    'events',
    'images',
    'instances',
    'operations',
    'profiles',
    'projects',
    'snapshots',
    'trust',
  ],
  backups: [
    'base',
    'db',
    'devices',
    'events',
    'host',
    'images',
    'instances',
    'operations',
    'profiles',
    'snapshots',
    'storage',
    'templates',
  ],
  snapshots: ['base', 'db', 'devices', 'events', 'instances', 'operations', 'profiles', 'runtime', 'storage'],
  images: ['base', 'db', 'host', 'storage', 'templates'],
  templates: ['base', 'host'],
  profiles: ['base', 'db', 'devices'],
  projects: ['base', 'db', 'devices'],
  trust: ['base', 'db', 'events'],
  operations: ['base', 'events'],
  events: ['base', 'operations'],
  devices: ['base', 'host', 'networks'],
  networks: ['base', 'db', 'host'],
  storage: ['base', 'db', 'host'],
  agents: ['base', 'host', 'runtime'],
  runtime: ['base', 'host'],
  db: ['base'],
  host: ['base'],
  base: [],
};

/** Which top-level folders share what. */
const programs: Readonly<Record<string, readonly string[]>> = {
  agent: ['agent', 'proto', 'trees', 'native'],
  tui: ['tui', 'proto', 'trees'],
  trees: ['trees', 'proto', 'native'],
  native: ['native'],
  proto: ['proto'],
  server: ['server', 'proto', 'native'],
};

const sources = sourceFiles().filter((file) => !isTest(file));

function targets(path: string, specifiers: readonly string[]): string[] {
  return specifiers.filter((specifier) => specifier.startsWith('.')).map((specifier) => join(dirname(path), specifier));
}

describe('the layers', () => {
  it('of the server are imported downwards only', () => {
    const wrong: string[] = [];
    for (const file of sources) {
      const [top, layer = ''] = file.path.split('/');
      if (top !== 'server' || layer === 'main.ts' || layer === 'reference.ts') continue;
      const allowed = serverLayers[layer];
      assert.ok(allowed !== undefined, `${file.path}: the folder has no place in the layers`);
      for (const target of targets(file.path, importsOf(file))) {
        const [targetTop, targetLayer = ''] = target.split('/');
        if (targetTop === 'server' && targetLayer !== layer && !allowed.includes(targetLayer)) {
          wrong.push(`${file.path} imports ${target}`);
        }
      }
    }
    assert.deepEqual(wrong, []);
  });

  it('of the programs share nothing but proto, trees and native', () => {
    const wrong: string[] = [];
    for (const file of sources) {
      const [top = ''] = file.path.split('/');
      const allowed = programs[top];
      if (allowed === undefined) continue;
      for (const target of targets(file.path, importsOf(file))) {
        if (!allowed.includes(target.split('/')[0] ?? '')) wrong.push(`${file.path} imports ${target}`);
      }
    }
    assert.deepEqual(wrong, []);
  });

  it('reach the kernel through host, daemon and native alone', () => {
    const allowed =
      /^server\/(main\.ts|host\/|runtime\/|storage\/|images\/|networks\/|agents\/|daemon\/|db\/level-files\.ts|rpc\/(listen|https-listener|remote-peers|api-server)\.ts)|^native\//;
    const wrong = sources
      .filter(({ path }) => path.startsWith('server/') && !allowed.test(path))
      .filter((file) =>
        importsOf(file).some((specifier) => /^node:(fs|child_process|net|dgram)|\/native\//.test(specifier)),
      )
      .map(({ path }) => path);
    assert.deepEqual(wrong, []);
  });
});
