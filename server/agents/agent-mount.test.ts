import assert from 'node:assert/strict';
import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { silentLog } from '../base/log.ts';
import { MountsInMemory } from '../host/mounts-in-memory.ts';
import { AgentMount } from './agent-mount.ts';

test('the mount of a server that was killed is replaced, and none stays after a stop', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'yurt-agent-mount-'));
  const mounts = new MountsInMemory();
  const point = join(folder.path, 'agent');
  await AgentMount.open({ mounts, log: silentLog }, '/bundles/old', point);
  const { mount, directory } = await AgentMount.open({ mounts, log: silentLog }, '/bundles/new', point);
  assert.equal(directory, point);
  assert.deepEqual(mounts.list(), [`frozen /bundles/new on ${point}`]);
  await mount.close();
  await mount.close();
  assert.deepEqual(mounts.list(), []);
});

test('instances see the bundle itself where the mount cannot be had', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'yurt-agent-mount-'));
  const mounts = new MountsInMemory((what) => {
    if (what === 'mount frozen') throw new Error('not here');
  });
  const { directory } = await AgentMount.open({ mounts, log: silentLog }, '/bundles/one', join(folder.path, 'agent'));
  assert.equal(directory, '/bundles/one');
});
