import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ended, type FakeServer, fakeServer } from '../../test/fakes/instances.ts';
import { Fault } from '../base/fault.ts';
import type { ImportRequest, StoredImage } from '../images/image-store.ts';
import type { PublishRequest, PublishTarget } from './publish-instance.ts';

const request: PublishRequest = {
  ...{ project: 'default', instance: 'web', snapshot: '', force: false, aliases: [], reuse: false, properties: {} },
};

async function made(start: boolean): Promise<FakeServer> {
  const server = await fakeServer();
  const create = { name: 'web', project: 'default', image: 'tiny', description: '', ephemeral: false };
  const content = { profiles: ['default'], config: {}, devices: {} };
  await ended(server, (await server.instances.create({ ...create, ...content }, start)).operation);
  return server;
}

/** Images in memory; an import reads its content and may fail. */
class FakeImages implements PublishTarget {
  readonly stored: StoredImage[] = [];
  failure: Fault | undefined;
  readonly discarded: string[] = [];
  readonly images: PublishTarget['images'] = {
    import: async (_task, { content, aliases }: ImportRequest) => {
      let sizeBytes = 0;
      for await (const chunk of content) sizeBytes += chunk.length;
      if (this.failure !== undefined) throw this.failure;
      return this.add(String(this.stored.length + 1).repeat(64), sizeBytes, aliases);
    },
    list: async () => [...this.stored],
    delete: async (_task, fingerprint) => {
      const [gone] = this.stored.splice(
        this.stored.findIndex((image) => image.fingerprint === fingerprint),
        1,
      );
      if (gone === undefined) throw new Fault('not-found', 'no image');
      return gone;
    },
  };
  readonly prepare = async () => {};
  readonly discard = async (_task: unknown, fingerprint: string) => void this.discarded.push(fingerprint);

  add(fingerprint: string, sizeBytes: number, names: readonly string[]): StoredImage {
    for (const [index, image] of this.stored.entries()) {
      this.stored[index] = { ...image, aliases: image.aliases.filter(({ name }) => !names.includes(name)) };
    }
    const aliases = names.map((name) => ({ name, fingerprint, description: '' }));
    const image = { fingerprint, sizeBytes, aliases, architecture: 'x86_64', createdAtMs: 1, properties: {} };
    this.stored.push(image);
    return image;
  }
}

const publish = async (server: FakeServer, images: FakeImages, change: Partial<PublishRequest> = {}) =>
  await ended(server, await server.backups.publisher.publish({ ...request, ...change }, images));

describe('publishing an instance', () => {
  it('makes an image and keeps nothing else', async () => {
    const server = await made(false);
    const before = server.world.snapshot();
    const images = new FakeImages();
    const { status, result } = await publish(server, images, { aliases: ['mine'] });
    assert.equal(status, 'succeeded');
    assert.equal(result?.imageFingerprint, images.stored[0]?.fingerprint);
    assert.ok((images.stored[0]?.sizeBytes ?? 0) > 0);
    assert.deepEqual(server.world.snapshot(), before);
    assert.deepEqual(await server.store.list('snapshot/'), []);
  });

  it('refuses a running one without force, and what could not be kept', async () => {
    const server = await made(true);
    const images = new FakeImages();
    images.add('a'.repeat(64), 1, ['taken']);
    const { publisher } = server.backups;
    await assert.rejects(publisher.publish(request, images), { code: 'wrong-state' });
    const forced = { ...request, force: true };
    await assert.rejects(publisher.publish({ ...forced, aliases: ['taken'] }, images), { code: 'already-exists' });
    await assert.rejects(publisher.publish({ ...forced, aliases: ['../x'] }, images), { code: 'invalid' });
    await assert.rejects(publisher.publish({ ...forced, properties: { a: 'b\nc' } }, images), { code: 'invalid' });
    await assert.rejects(publisher.publish({ ...forced, snapshot: 'none' }, images), { code: 'not-found' });
    assert.equal(server.locks.current('default', 'web'), undefined);
    assert.deepEqual(
      server.operations.list().filter(({ kind }) => kind === 'image.publish'),
      [],
    );
  });

  it('takes names from other images only when told, and deletes those that have lost their last', async () => {
    const server = await made(false);
    const images = new FakeImages();
    images.add('a'.repeat(64), 1, ['one', 'two']);
    images.add('b'.repeat(64), 1, ['three']);
    images.add('c'.repeat(64), 1, []);
    await publish(server, images, { aliases: ['one', 'three'], reuse: true });
    assert.deepEqual(images.discarded, ['b'.repeat(64)]);
    assert.deepEqual(
      images.stored.map(({ fingerprint }) => fingerprint[0]),
      ['a', 'c', '4'],
    );
  });

  it('undoes itself at every step, and a running instance runs again', async () => {
    for (const start of [false, true]) {
      for (let step = 1; ; step += 1) {
        const server = await made(start);
        const images = new FakeImages();
        const before = server.world.snapshot();
        server.world.failAt = server.world.effects + step;
        const { status } = await publish(server, images, { force: start });
        await server.locks.released('default', 'web');
        if (status === 'succeeded' && server.world.effects < server.world.failAt) {
          assert.ok(step > 2);
          break;
        }
        server.world.failAt = 0;
        assert.deepEqual(images.stored.length, status === 'succeeded' ? 1 : 0, `step ${step}`);
        const left = server.world
          .snapshot()
          .filter((line) => line.startsWith('snapshot ') || line.startsWith('volume '));
        assert.deepEqual(
          left,
          before.filter((line) => line.startsWith('volume ')),
          `step ${step}`,
        );
        assert.deepEqual(await server.store.list('snapshot/'), [], `step ${step}`);
        assert.equal(server.locks.current('default', 'web'), undefined);
        assert.equal((await publish(server, images, { force: start })).status, 'succeeded', `again after step ${step}`);
      }
    }
  });

  it('leaves nothing when the image cannot be taken, and the instance runs', async () => {
    const server = await made(true);
    const images = new FakeImages();
    images.failure = new Fault('exhausted', 'No space left');
    const before = server.world.snapshot();
    const { status, fault } = await publish(server, images, { force: true });
    assert.deepEqual([status, fault?.code], ['failed', 'exhausted']);
    assert.match(fault?.message ?? '', /Cannot publish instance "web": .*No space left/);
    assert.deepEqual(server.world.snapshot(), before);
  });
});
