import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseMountPoints } from './mounts.ts';

describe('the mount points of mountinfo', () => {
  it('come in the order of mounting, with their escapes decoded', () => {
    const mountinfo = [
      '22 27 0:21 / /proc rw,relatime shared:5 - proc proc rw',
      '27 1 254:0 / / rw,relatime - ext4 /dev/vda rw',
      String.raw`43 27 0:4 net:[4026532177] /mnt/with\040space\011tab\012line\134back rw shared:2 master:1 - nsfs nsfs rw`,
      '44 27 0:5 / /mnt/münchen rw - tmpfs none rw',
      '',
    ].join('\n');
    const expected = ['/proc', '/', '/mnt/with space\ttab\nline\\back', '/mnt/münchen'];
    assert.deepEqual(parseMountPoints(mountinfo), expected);
  });
});
