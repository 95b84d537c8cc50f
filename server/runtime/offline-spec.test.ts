import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { offlineSpec } from './offline-spec.ts';

const input = {
  id: '3e0c2a9e-6f7c-4b0e-9a54-0d6b8a1b2c3d',
  rootPath: '/pool/root',
  cgroupsPath: '/yurt/x/y',
  agentDirectory: '/agent',
  host: {
    arch: 'x64',
    lastCapability: 40,
    maxOpenFiles: 1_048_576,
    oomScoreAdj: 0,
    memoryBytes: 2 ** 30,
    rlimits: {},
    capabilities: 2n ** 41n - 1n,
  },
};

describe('a container for the files of a stopped instance', () => {
  it('has the ids of the instance, and those of the host for a privileged one', () => {
    const namespaces = (hostBase: number) => {
      const { linux } = offlineSpec({ ...input, idMap: { hostBase, size: 65_536 } });
      return linux.namespaces.map(({ type }) => type as string);
    };
    assert.ok(namespaces(1_000_000).includes('user'));
    assert.ok(!namespaces(0).includes('user'));
    assert.ok(namespaces(0).includes('network'));
  });
});
