import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { overlayOptions } from './mount-options.ts';
import { formatVolume, maxLayers, maxVolumeBytes, parseVolume, type Volume } from './volume.ts';

const image = 'ab'.repeat(32);
const id = '0b0f4f0e-6c1c-4a7f-9a67-0f5b6f0a2d11';
const layer = { id, idMap: { hostBase: 1_000_000, size: 65_536 } };

describe('the description of a root', () => {
  it('is read as it was written', () => {
    const punched = [{ kind: 'uid', inside: 1000, outside: 1000, count: 1 }] as const;
    const layers = [
      layer,
      { ...layer, idMap: { hostBase: 0, size: 1 } },
      { ...layer, idMap: { ...layer.idMap, punched } },
    ];
    const volume: Volume = { image, layers };
    assert.deepEqual(parseVolume(formatVolume(volume)), volume);
    assert.deepEqual(parseVolume(formatVolume({ layers: [layer] })), { layers: [layer] });
    assert.deepEqual(parseVolume(JSON.stringify({ version: 1, image, layers: [layer] })), { image, layers: [layer] });
  });

  it('that is something else is damaged', () => {
    const good = { version: 1, image, layers: [layer] };
    const bad: unknown[] = [
      ...[null, [], 7, 'text', {}],
      ...[
        { ...good, version: 3 },
        { ...good, image: '../..' },
        { ...good, layers: [] },
        { ...good, layers: {} },
      ],
      { ...good, layers: [{ ...layer, id: '../../etc' }] },
      { ...good, layers: [{ ...layer, idMap: { hostBase: -1, size: 1 } }] },
      { ...good, layers: [{ ...layer, idMap: { hostBase: '0', size: 1 } }] },
      { ...good, layers: [{ ...layer, idMap: { ...layer.idMap, punched: [{ kind: 'x' }] } }] },
      { ...good, layers: [{ id }] },
      { ...good, layers: new Array(maxLayers + 1).fill(layer) },
    ];
    for (const value of bad) assert.throws(() => parseVolume(JSON.stringify(value)), { code: 'internal' });
    for (const text of ['', '{', formatVolume({ image, layers: [layer] }).slice(0, -3)]) {
      assert.throws(() => parseVolume(text), { code: 'internal' });
    }
  });

  it('has as many layers as fit into one page of mount options, and into what is read of a file', () => {
    const path = '/proc/self/fd/999999';
    const lower = new Array(maxLayers).fill(path).join(':');
    const data = [`lowerdir=${lower}`, `upperdir=${path}`, `workdir=${path}`, ...overlayOptions].join(',');
    assert.ok(data.length < 4000, `${data.length}`);
    assert.ok(formatVolume({ image, layers: new Array(maxLayers).fill(layer) }).length < maxVolumeBytes);
  });
});
