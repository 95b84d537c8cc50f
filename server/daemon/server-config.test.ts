import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MemoryStore } from '../db/memory-store.ts';
import { ServerConfig } from './server-config.ts';

describe('the configuration of the server', () => {
  it('is empty at first, then what it was set to', async () => {
    const announced: string[] = [];
    const config = new ServerConfig(new MemoryStore(), { lifecycle: (action) => void announced.push(action) });
    assert.deepEqual((await config.get()).config, {});
    await config.update({ 'user.rack': '7', 'user.empty': '' }, '');
    assert.deepEqual((await config.get()).config, { 'user.rack': '7' });
    assert.deepEqual(announced, ['config-updated']);
  });

  it('takes no unknown key, and no change of what somebody else changed', async () => {
    const config = new ServerConfig(new MemoryStore(), { lifecycle() {} });
    await assert.rejects(config.update({ 'core.x': '1' }, ''), { code: 'invalid' });
    const { etag } = await config.get();
    await config.update({ 'user.a': '1' }, etag);
    await assert.rejects(config.update({ 'user.b': '1' }, etag), { code: 'conflict' });
    assert.deepEqual((await config.get()).config, { 'user.a': '1' });
  });
});
