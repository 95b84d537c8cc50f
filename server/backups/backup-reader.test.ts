import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { archive, entry, indexOf, inRoot, root } from '../../test/fakes/backup-archive.ts';
import { imageLimits } from '../images/image-filter.ts';
import { tarTypes } from '../images/tar-format.ts';
import { TarReader } from '../images/tar-reader.ts';
import { BackupReader } from './backup-reader.ts';

/** As the field writes it: users from 100000 on, groups from 200000 on. */
const shifted = JSON.stringify([
  { Isuid: true, Isgid: false, Hostid: 100_000, Nsid: 0, Maprange: 70_000 },
  { Isuid: false, Isgid: true, Hostid: 200_000, Nsid: 0, Maprange: 70_000 },
]);
const index = (ofInstance: string, ofSnapshot: string) =>
  indexOf(`name: web
config:
  container: {architecture: x86_64, config: {volatile.last_state.idmap: '${ofInstance}'}}
  snapshots: [{name: s0, architecture: x86_64, config: {volatile.last_state.idmap: '${ofSnapshot}'}}]
`);
const inSnapshot = 'backup/snapshots/s0/rootfs/';

/** Owners of the files of each root, as they come out. */
async function ownersIn(backup: Uint8Array): Promise<Record<string, string>> {
  const reader = new BackupReader(
    (async function* once() {
      yield backup;
    })(),
    imageLimits,
  );
  await reader.index();
  const owners: Record<string, string> = {};
  for await (const { snapshot = 'web', content } of reader.roots()) {
    const tar = new TarReader({
      entry: ({ name, uid, gid }) => {
        owners[`${snapshot}:${name}`] = `${uid}:${gid}`;
        return true;
      },
      data: () => {},
      endEntry: () => {},
    });
    for await (const bytes of content) tar.push(bytes);
  }
  return owners;
}

describe("the roots of a backup that the field's servers wrote", () => {
  it('belong to whom their instance and snapshots say, however they were shifted on its disk', async () => {
    const owners = await ownersIn(
      archive(
        index(shifted, '[]'),
        entry(inSnapshot, tarTypes.directory, { uid: 0, gid: 0 }),
        entry(`${inSnapshot}file`, tarTypes.file, { uid: 33, gid: 44 }),
        entry(inRoot(''), tarTypes.directory, { uid: 100_000, gid: 200_000 }),
        entry(inRoot('file'), tarTypes.file, { uid: 100_033, gid: 200_044 }),
        entry(inRoot('hard'), tarTypes.hardLink, { uid: 100_033, gid: 200_044, linkName: inRoot('file') }),
        entry(inRoot('of-the-host'), tarTypes.file, { uid: 0, gid: 99_999 }),
      ),
    );
    assert.deepEqual(owners, {
      's0:./': '0:0',
      's0:file': '33:44',
      'web:./': '0:0',
      'web:file': '33:44',
      'web:hard': '33:44',
      'web:of-the-host': '65534:65534',
    });
  });

  it('are refused with ids that no instance has here, and with a map that is none', async () => {
    const tooHigh = entry(inRoot('file'), tarTypes.file, { uid: 165_536, gid: 200_000 });
    await assert.rejects(ownersIn(archive(index(shifted, '[]'), root, tooHigh)), { message: /ids end at 65535/ });
    const ranges = (count: number) => JSON.stringify(Array(count).fill({ Hostid: 1, Nsid: 0, Maprange: 1 }));
    for (const map of ['{', '{}', '7', '[7]', '[null]', '[{"Hostid": -1, "Nsid": 0, "Maprange": 1}]', ranges(341)]) {
      const message = /its volatile\.last_state\.idmap is no list of ranges/;
      await assert.rejects(ownersIn(archive(index(map, '[]'), root)), { code: 'invalid', message }, map);
    }
    for (const map of ['', 'null', '[]'])
      assert.equal((await ownersIn(archive(index(map, ''), root)))['web:./'], '0:0');
  });
});
