import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ended, type FakeServer, fakeServer } from '../../../test/fakes/instances.ts';
import { silentLog } from '../../base/log.ts';
import { metadataEtag, templateEtag } from './instance-metadata.ts';

const web = { project: 'default', name: 'web' };
const rule = { path: '/etc/a', when: ['create'], template: 'a.tpl', createOnly: false, properties: {} } as const;
const log = silentLog;

/** An instance of an image with one template, or with none. */
async function made(withTemplates = true): Promise<FakeServer> {
  const server = await fakeServer();
  if (withTemplates) {
    server.world.imageTemplates = { creationDate: 7, rules: [rule], files: [{ name: 'a.tpl', content: 'one' }] };
  }
  const request = { ...web, image: 'tiny', description: '', ephemeral: false, profiles: ['default'] };
  const { operation } = await server.instances.create({ ...request, config: {}, devices: {} }, false);
  assert.equal((await ended(server, operation)).status, 'succeeded');
  return server;
}

function copyRequest(name: string) {
  return {
    ...{ project: 'default', source: 'web', snapshot: '', targetProject: 'default', name, ephemeral: false },
    ...{ profiles: undefined, config: {}, devices: {}, instanceOnly: true, refresh: false, pool: '' },
  };
}

describe('the metadata of an instance', () => {
  it('is a copy of its image from the beginning, and its own from then on', async () => {
    const server = await made();
    const { metadataEditor: editor } = server;
    await ended(server, (await server.moves.copy(copyRequest('copy'), false)).operation);
    await editor.updateTemplate(log, web, '', { name: 'a.tpl', content: 'two' });
    const content = { ...(await editor.get(web)), rules: [{ ...rule, path: '/etc/b' }] };
    await editor.update(web, '', content);
    const now = await editor.get(web);
    assert.deepEqual([now.creationDate, now.properties], [7, { os: 'Fake' }]);
    assert.deepEqual([now.rules[0]?.path, now.files[0]?.content], ['/etc/b', 'two']);
    const copy = await editor.get({ ...web, name: 'copy' });
    assert.deepEqual([copy.rules[0]?.path, copy.files[0]?.content], ['/etc/a', 'one']);
  });

  it('is there without templates too, and takes some', async () => {
    const { metadataEditor: editor } = await made(false);
    const before = await editor.get(web);
    assert.deepEqual([before.architecture, before.properties, before.rules], ['x86_64', { os: 'Fake' }, []]);
    await editor.createTemplate(log, web, { name: 'a.tpl', content: '{{ instance.name }}' });
    await editor.update(web, metadataEtag(before), { ...before, rules: [rule] });
    assert.equal((await editor.get(web)).rules.length, 1);
  });

  it('is changed by one of two who edit the same, and the other is told', async () => {
    const { metadataEditor: editor } = await made();
    const before = await editor.get(web);
    const [file] = before.files;
    assert.ok(file !== undefined);
    await editor.update(web, metadataEtag(before), { ...before, properties: { os: 'Other' } });
    await assert.rejects(editor.update(web, metadataEtag(before), before), { code: 'conflict' });
    await editor.updateTemplate(log, web, templateEtag(file), { ...file, content: 'two' });
    await assert.rejects(editor.updateTemplate(log, web, templateEtag(file), file), { code: 'conflict' });
    const both = ['x', 'y'].map((name) => editor.createTemplate(log, web, { name, content: name }));
    await Promise.all(both);
    assert.deepEqual((await editor.get(web)).files.map(({ name }) => name).sort(), ['a.tpl', 'x', 'y']);
  });

  it('is refused when it is wrong, and stays as it was', async () => {
    const { metadataEditor: editor } = await made();
    const before = await editor.get(web);
    const update = (change: object) => editor.update(web, '', { ...before, ...change });
    const file = { name: 'b.tpl', content: 'x' };
    for (const [attempt, code] of [
      [() => update({ rules: [{ ...rule, template: 'none' }] }), 'invalid'],
      [() => update({ rules: [{ ...rule, path: '../x' }] }), 'invalid'],
      [() => update({ rules: [rule, rule] }), 'invalid'],
      [() => update({ properties: { a: 'b\nc' } }), 'invalid'],
      [() => update({ architecture: '../x' }), 'invalid'],
      [() => editor.createTemplate(log, web, { ...file, name: '../b' }), 'invalid'],
      [() => editor.createTemplate(log, web, { ...file, name: 'a.tpl' }), 'already-exists'],
      [() => editor.createTemplate(log, web, { ...file, content: 'x'.repeat(70_000) }), 'exhausted'],
      [() => editor.updateTemplate(log, web, '', file), 'not-found'],
      [() => editor.template(web, 'constructor'), 'not-found'],
      [() => editor.deleteTemplate(web, 'a.tpl'), 'in-use'],
      [() => editor.deleteTemplate(web, 'b.tpl'), 'not-found'],
      [() => editor.get({ ...web, name: 'none' }), 'not-found'],
    ] as const) {
      await assert.rejects(attempt(), { code }, attempt.toString());
    }
    assert.deepEqual(await editor.get(web), before);
    await editor.update(web, '', { ...before, rules: [] });
    await editor.deleteTemplate(web, 'a.tpl');
    assert.deepEqual((await editor.get(web)).files, []);
  });

  it('goes with its instance, and with its image', async () => {
    const server = await made();
    const { uuid } = await server.records.get('default', 'web');
    server.world.imageTemplates = { creationDate: 9, rules: [], files: [{ name: 'new', content: '' }] };
    await ended(server, await server.moves.rebuild('default', 'web', 'tiny', false));
    assert.deepEqual((await server.metadataEditor.get(web)).files, [{ name: 'new', content: '' }]);
    server.world.imageTemplates = undefined;
    await ended(server, await server.moves.rebuild('default', 'web', 'tiny', false));
    assert.equal(await server.metadata.find(uuid), undefined);
    await server.metadataEditor.createTemplate(log, web, { name: 'a', content: '' });
    await ended(server, await server.instances.delete('default', 'web', false));
    assert.deepEqual(await server.store.list('instance-metadata/'), []);
  });
});
