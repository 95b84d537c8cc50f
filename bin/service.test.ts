import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { unitText } from './service.ts';

describe('the units of the service', () => {
  it('name the programs of this checkout, whatever its path has in it', () => {
    const text = unitText('Documentation=file:@root@/docs\nExecStart="@root@/bin/yurtd"\n', '/srv/5% of "$&"\\yurt');
    assert.equal(
      text,
      'Documentation=file:/srv/5%% of \\"$&\\"\\\\yurt/docs\nExecStart="/srv/5%% of \\"$&\\"\\\\yurt/bin/yurtd"\n',
    );
  });
});
