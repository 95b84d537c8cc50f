import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ended, fakeServer } from '../../test/fakes/instances.ts';
import { InstanceRecords } from './instance-records.ts';

describe('the places of instances', () => {
  it('are known from creation to deletion, through renames, moves and restarts', async () => {
    const server = await fakeServer();
    const { records, instances, moves, projects } = server;
    const { places } = records;
    await projects.create({ name: 'blue', description: '', config: {} });
    const spec = { image: 'tiny', description: '', ephemeral: false, profiles: ['default'], config: {}, devices: {} };
    const place = { project: 'default', name: 'web' };
    await ended(server, (await instances.create({ ...place, ...spec }, false)).operation);
    const { uuid } = await records.get('default', 'web');
    assert.deepEqual([places.find(uuid), places.uuidAt(place)], [place, uuid]);
    const moved = { project: 'blue', name: 'www' };
    await moves.move({ ...place, newName: 'www', targetProject: 'blue', pool: '' });
    assert.deepEqual([places.find(uuid), places.uuidAt(moved), places.uuidAt(place)], [moved, uuid, undefined]);

    const unused = undefined as unknown as ConstructorParameters<typeof InstanceRecords>[1]; // nothing is made
    const again = new InstanceRecords(server.store, unused, undefined as never);
    await again.open();
    assert.deepEqual(again.places.find(uuid), moved);

    await ended(server, await instances.delete('blue', 'www', false));
    assert.deepEqual([places.find(uuid), places.uuidAt(moved)], [undefined, undefined]);
  });

  it('stay right when a name is given again before the old instance is forgotten', async () => {
    const { places } = (await fakeServer()).records;
    const place = { project: 'default', name: 'web' };
    places.put({ uuid: 'old', ...place });
    places.put({ uuid: 'new', ...place });
    places.remove({ uuid: 'old' });
    assert.deepEqual([places.uuidAt(place), places.find('new')], ['new', place]);
  });
});
