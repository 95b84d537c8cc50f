import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MemoryStore } from '../db/memory-store.ts';
import { ServerConfig } from './server-config.ts';

/** A configuration that announces and prepares into `said`. */
function configured(said: string[] = [], prepare: () => void = () => {}): ServerConfig {
  return new ServerConfig({
    store: new MemoryStore(),
    events: { lifecycle: (action) => void said.push(action) },
    prepare: async () => {
      prepare();
      return { commit: async () => void said.push('commit'), revert: async () => void said.push('revert') };
    },
  });
}

describe('the configuration of the server', () => {
  it('is empty at first, then what it was set to', async () => {
    const announced: string[] = [];
    const config = configured(announced);
    assert.deepEqual((await config.get()).config, {});
    await config.update({ 'user.rack': '7', 'user.empty': '' }, '');
    assert.deepEqual((await config.get()).config, { 'user.rack': '7' });
    assert.deepEqual(announced, ['commit', 'config-updated']);
  });

  it('takes no unknown key, and no change of what somebody else changed', async () => {
    const config = configured();
    await assert.rejects(config.update({ 'core.x': '1' }, ''), { code: 'invalid' });
    const { etag } = await config.get();
    await config.update({ 'user.a': '1' }, etag);
    await assert.rejects(config.update({ 'user.b': '1' }, etag), { code: 'conflict' });
    assert.deepEqual((await config.get()).config, { 'user.a': '1' });
  });

  it('is what it was when the server cannot be made as it says', async () => {
    const said: string[] = [];
    const config = configured(said, () => {
      throw new Error('the port is taken');
    });
    await assert.rejects(config.update({ 'user.a': '1' }, ''), /the port is taken/);
    assert.deepEqual((await config.get()).config, {});
    assert.deepEqual(said, []);
  });
});
