import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { FileEntry__Output } from '../../../proto/gen/yurt/v1/FileEntry.ts';
import type { Instance__Output } from '../../../proto/gen/yurt/v1/Instance.ts';
import { hostileInstances } from '../../testing/samples.ts';
import { textOf } from '../frame/line.ts';
import { complete } from '../testing/complete.ts';
import { sampleInstances, sampleNow, sampleState, typed } from '../testing/sample-states.ts';
import { frameLines } from '../views/frame.ts';
import { type State, shownPage } from './state.ts';
import { update } from './update.ts';

const state = sampleState({ columns: 80, rows: 24 });
const cursor = (one: State) => one.tables.instances.cursor;
const visible = (one: State) => one.tables.instances.visible.map((key) => key.split('/')[1]);
const text = (one: State) => frameLines(one).map(textOf).join('\n');

function press(before: State, key: string) {
  return update(before, { type: 'key', press: { key, text: key.length === 1 ? key : '' } });
}

describe('the list of instances', () => {
  it('is in the natural order of names', () => {
    assert.deepEqual(visible(state), ['build', 'cache', 'db', 'old-wiki', 'web1', 'web2', 'web10']);
  });

  it('moves its cursor by keys, and stops at its ends', () => {
    assert.equal(cursor(typed(state, 'j', 'down', 'k')), 'default/cache');
    assert.equal(cursor(typed(state, 'G')), 'default/web10');
    assert.equal(cursor(typed(state, 'G', 'j', 'j')), 'default/web10');
    assert.equal(cursor(typed(state, 'G', 'g', 'up')), 'default/build');
  });

  it('keeps the cursor on its instance while others come and go', () => {
    const at = typed(state, 'j', 'j');
    const instances = sampleInstances().filter(({ name }) => name !== 'build');
    const after = update(at, { type: 'instances-listed', instances, now: sampleNow + 40_000 }).state;
    assert.equal(cursor(after), 'default/db');
    assert.equal(after.tables.instances.index, 1);
    const gone = update(after, { type: 'instance-read', key: 'default/db', instance: undefined, now: sampleNow }).state;
    assert.equal(cursor(gone), 'default/old-wiki');
  });

  for (const [filter, names] of [
    ['web', ['web1', 'web2', 'web10']],
    ['!web', ['build', 'cache', 'db', 'old-wiki']],
    ['w1', ['web1', 'web10']],
    ['status=running', ['db', 'web1', 'web2', 'web10']],
    ['!status=running !cache', ['build', 'old-wiki']],
    ['limits.mem=4096MiB', ['db']],
    ['ipv4=10.83.19.21', ['web1']],
    ['19.23', ['web10']],
    ['web status=stopped', []],
  ] as const) {
    it(`shows ${names.length} for the filter "${filter}"`, () => {
      assert.deepEqual(visible(typed(state, '/', `text:${filter}`)), names);
    });
  }

  it('says what is wrong with a filter, and shows all', () => {
    const wrong = typed(state, '/', 'text:ipv4=x', 'enter');
    assert.equal(visible(wrong).length, 7);
    assert.match(text(wrong), /Invalid ipv4 filter/);
  });

  it('gives the filter back that was there when a new one is not wanted', () => {
    const one = typed(state, '/', 'text:web', 'enter');
    assert.deepEqual(visible(typed(one, '/', 'text:1', 'escape')), ['web1', 'web2', 'web10']);
    assert.equal(visible(typed(one, 'escape')).length, 7);
  });

  it('is sorted by any column, and in reverse', () => {
    const byMemory = typed(state, '5');
    assert.deepEqual(visible(byMemory).slice(0, 3), ['db', 'web10', 'web1']);
    assert.deepEqual(visible(typed(byMemory, '5')).slice(-1), ['db']);
    assert.deepEqual(visible(typed(state, 'r'))[0], 'web10');
    assert.deepEqual(visible(typed(state, 'o', 'down', 'enter'))[0], 'cache');
  });

  it('hides what is stopped', () => {
    assert.deepEqual(visible(typed(state, 'a')), ['cache', 'db', 'web1', 'web2', 'web10']);
    assert.equal(visible(typed(state, 'a', 'a')).length, 7);
  });

  it('shows what the processor did between two samples', () => {
    const row = state.data.instances.get('default/web2');
    const first = (row?.samples.cpu ?? []).slice(1);
    assert.ok(
      first.every((percent) => percent > 5 && percent < 20),
      String(first),
    );
  });

  it('shows nothing of an instance that a terminal would act upon', () => {
    const [hostile] = hostileInstances as readonly Instance__Output[]; // complete but for defaults
    assert.ok(hostile?.state);
    const full = { ...sampleInstances()[0], ...hostile, config: {}, devices: {}, state: null } as Instance__Output; // as above
    const after = update(state, { type: 'instances-listed', instances: [full], now: sampleNow }).state;
    for (const one of [
      after,
      typed(after, 'enter'),
      typed(after, 'enter', 'tab'),
      typed(after, 'enter', 'tab', 'tab'),
      typed(after, 'D'),
    ]) {
      assert.ok(/^[\x20-\x7e\n…▸│╭╮╰╯─↑]*$/.test(text(one)), JSON.stringify(text(one)));
    }
  });
});

describe('actions upon instances', () => {
  it('are for the one under the cursor', () => {
    const { effects } = press(typed(state, 'G'), 'x');
    assert.deepEqual(effects, [{ kind: 'verb', verb: 'stop', targets: ['default/web10'], force: false }]);
  });

  it('are for all that are marked, as far as they make sense', () => {
    const marked = typed(state, '*');
    const stop = press(marked, 'x');
    assert.deepEqual(stop.effects, [
      {
        ...{ kind: 'verb', verb: 'stop', force: false },
        targets: ['default/cache', 'default/db', 'default/web1', 'default/web2', 'default/web10'],
      },
    ]);
    assert.equal(stop.state.tables.instances.marked.size, 0);
  });

  it('are refused in words where they make none', () => {
    const { state: after, effects } = press(state, 'x');
    assert.deepEqual([effects, after.notice?.text], [[], 'build is not running']);
  });

  it('delete only what was confirmed', () => {
    const asked = press(state, 'D');
    assert.deepEqual(asked.effects, []);
    assert.deepEqual(press(asked.state, 'n').effects, []);
    assert.equal(press(asked.state, 'n').state.overlay, undefined);
    assert.deepEqual(press(asked.state, 'y').effects, [
      { kind: 'verb', verb: 'delete', targets: ['default/build'], force: false },
    ]);
  });

  it('delete what runs only when its name was typed', () => {
    const asked = typed(state, 'j', 'D');
    assert.deepEqual(press(asked, 'enter').effects, []);
    assert.deepEqual(press(typed(asked, 'text:cach'), 'enter').effects, []);
    assert.deepEqual(press(typed(asked, 'text:cache'), 'enter').effects, [
      { kind: 'verb', verb: 'delete', targets: ['default/cache'], force: true },
    ]);
  });

  it('report each result, and list the failures of several', () => {
    const targets = ['default/web1', 'default/web2'];
    let after = update(state, { type: 'batch-begun', id: 1, doing: 'Stopping', done: 'Stopped', targets }).state;
    assert.match(text(after), /Stopping 2 instances: 0 of 2/);
    after = update(after, { type: 'batch-result', id: 1, target: 'default/web1', failure: undefined }).state;
    after = update(after, { type: 'batch-result', id: 1, target: 'default/web2', failure: 'It is busy' }).state;
    assert.match(text(after), /Stopped 1 of 2/);
    assert.match(text(after), /web2: It is busy/);
    assert.equal(after.batches.length, 0);
  });
});

describe('the page of an instance', () => {
  it('follows a console, and says when lines came', () => {
    const lines = Array.from({ length: 100 }, (_, index) => `line ${index}`);
    const log = typed(state, 'G', 'l');
    const first = update(log, { type: 'console', key: 'default/web10', lines, now: sampleNow }).state;
    assert.match(text(first), /line 99/);
    const more = update(first, {
      type: 'console',
      key: 'default/web10',
      lines: [...lines, 'new'],
      now: sampleNow,
    }).state;
    assert.match(text(typed(more, 't')), /^12:00:00 new/m);
    assert.match(text(typed(more, 'g')), /^line 0 /m);
    assert.match(text(typed(more, '&', 'text:99', 'enter')), /^line 99 /m);
    assert.doesNotMatch(text(typed(more, '&', 'text:99', 'enter')), /line 98/);
  });

  it('goes to what is searched for', () => {
    const lines = Array.from({ length: 100 }, (_, index) => `line ${index}`);
    const log = update(typed(state, 'G', 'l'), { type: 'console', key: 'default/web10', lines, now: sampleNow }).state;
    const found = typed(log, 'g', '/', 'text:line 5', 'enter', 'n', 'N');
    assert.match(text(found), /^line 5 /m);
    const page = shownPage(found);
    assert.ok(page.kind === 'instance' && page.document.offset === 5);
  });

  it('says so when the instance is gone', () => {
    const page = typed(state, 'enter');
    const gone = update(page, {
      type: 'instance-read',
      key: 'default/build',
      instance: undefined,
      now: sampleNow,
    }).state;
    assert.match(text(gone), /does not exist any more/);
    assert.equal(shownPage(typed(gone, 'escape')).kind, 'table');
  });
});

describe('the form for a new instance', () => {
  it('asks for what was typed', () => {
    const form = typed(
      state,
      'n',
      'text:tiny',
      'down',
      'text:web3',
      'down',
      'text:default,small',
      'down',
      'text:2',
      'down',
      'down',
      'text:user.role="front end" boot.autostart=true',
      'down',
      'text:data,type=disk,source=/srv,path=/srv',
    );
    assert.deepEqual(press(form, 'ctrl+s').effects, [
      {
        kind: 'launch',
        request: {
          ...{ image: 'tiny', name: 'web3', profiles: ['default', 'small'] },
          config: { 'user.role': 'front end', 'boot.autostart': 'true', 'limits.cpu': '2' },
          ...{ devices: ['data,type=disk,source=/srv,path=/srv'], remote: '' },
          ...{ network: '', pool: '', ephemeral: false, start: true },
        },
      },
    ]);
    assert.match(text(form), /\$ yurt launch tiny web3 -p default -p small -c 'user/);
  });

  it('ends at the instance, at whatever list it was asked for, unless one has gone elsewhere', () => {
    const images = typed(state, ':', 'text:images', 'enter');
    const after = (at: State, from: 'instances' | 'images') =>
      update(at, { type: 'launched', key: 'default/web1', from }).state.pages.map(({ kind }) => kind);
    assert.deepEqual(after(state, 'instances'), ['table', 'instance']);
    assert.deepEqual(after(images, 'images'), ['table', 'instance']);
    assert.deepEqual(after(images, 'instances'), ['table']);
  });

  it('comes back with what was wrong', () => {
    const form = typed(state, 'n', 'ctrl+s');
    assert.match(text(form), /An image is needed/);
    const { effects, state: left } = press(typed(state, 'n', 'text:tiny'), 'ctrl+s');
    const [effect] = effects;
    assert.ok(effect?.kind === 'launch' && left.overlay === undefined);
    const back = update(left, { type: 'launch-refused', reason: 'No such image', request: effect.request }).state;
    assert.match(text(back), /Image +tiny/);
    assert.match(text(back), /No such image/);
  });
});

describe('commands', () => {
  it('are all in the palette, by their names', () => {
    const { state: after } = press(typed(state, ':', 'text:stor'), 'enter');
    assert.equal(after.tables.storage.visible.length, 1);
    assert.deepEqual(shownPage(after), { kind: 'table', table: 'storage' });
  });

  it('leave by q, ctrl+c and back by esc', () => {
    assert.deepEqual(press(state, 'q').effects, [{ kind: 'quit' }]);
    assert.deepEqual(press(state, 'ctrl+c').effects, [{ kind: 'quit' }]);
    assert.equal(shownPage(typed(state, 'enter', 'q')).kind, 'table');
    assert.equal(shownPage(typed(state, 'enter', 'escape')).kind, 'table');
  });
});

describe('the files of an instance', () => {
  const entry = (name: string, kind: string) =>
    complete<FileEntry__Output>('FileEntry', { name: Buffer.from(name), kind });
  const files = typed(state, 'G', 'F');
  const listed = (before: State, path: string, ...entries: readonly FileEntry__Output[]) =>
    update(before, { type: 'files-listed', key: 'default/web10', path, entries }).state;
  const root = listed(files, '/', entry('hosts', 'file'), entry('etc', 'directory'), entry('bin', 'symlink'));

  it('are asked for when they are opened', () => {
    const { effects } = press(typed(state, 'G'), 'F');
    assert.deepEqual(effects, [{ kind: 'list-files', key: 'default/web10', path: '/' }]);
  });

  it('go down into a directory and up again to where one was', () => {
    const down = press(root, 'enter');
    assert.deepEqual(down.effects, [{ kind: 'list-files', key: 'default/web10', path: '/etc' }]);
    const up = press(listed(down.state, '/etc', entry('apt', 'directory')), 'left');
    assert.deepEqual(up.effects, [{ kind: 'list-files', key: 'default/web10', path: '/' }]);
    const back = listed(up.state, '/', entry('a', 'directory'), entry('etc', 'directory'));
    assert.match(text(back), /▸.* etc\//);
  });

  it('show a file, and come back to its directory', () => {
    const { effects, state: asked } = press(typed(root, 'G'), 'enter');
    assert.deepEqual(effects, [{ kind: 'read-file', key: 'default/web10', path: '/hosts' }]);
    const lines = ['127.0.0.1 localhost'];
    const shown = update(asked, { type: 'file-read', key: 'default/web10', path: '/hosts', lines }).state;
    assert.match(text(shown), /^127\.0\.0\.1 localhost/m);
    assert.match(text(typed(shown, 'q')), /▸.* hosts/);
  });

  it('are left alone when an answer comes for where one is no more', () => {
    const etc = press(root, 'enter').state;
    assert.equal(listed(etc, '/', entry('late', 'file')), etc);
  });

  it('are deleted when that was confirmed', () => {
    const asked = press(typed(root, 'G'), 'D');
    assert.deepEqual(asked.effects, []);
    assert.deepEqual(press(asked.state, 'y').effects, [
      { kind: 'delete-files', key: 'default/web10', path: '/', name: 'hosts' },
    ]);
  });

  it('with a name that is no text are shown, and not touched', () => {
    const odd = complete<FileEntry__Output>('FileEntry', { name: Buffer.from([0x61, 0xff]), kind: 'file' });
    const { effects, state: after } = press(listed(files, '/', odd), 'D');
    assert.deepEqual([effects, after.overlay, after.notice?.text], [[], undefined, 'Its name is no UTF-8']);
  });
});

describe('the instances of all projects', () => {
  it('are asked for, with the column of their project and in its order', () => {
    const { state: all, effects } = press(state, 'A');
    assert.deepEqual(effects, [{ kind: 'refresh' }]);
    const [first, ...others] = sampleInstances();
    assert.ok(first !== undefined);
    const instances = [{ ...first, project: 'alpha' }, ...others];
    const shown = update(all, { type: 'instances-listed', instances, now: sampleNow }).state;
    assert.match(text(shown), /PROJECT/);
    assert.equal(cursor(typed(shown, 'g')), `alpha/${first.name}`);
    assert.doesNotMatch(text(press(shown, 'A').state), /PROJECT/);
  });
});

describe('figures that come without a configuration', () => {
  it('leave the one that is known', () => {
    const instances = sampleInstances().map((instance) => ({ ...instance, config: {}, expandedConfig: {} }));
    const listed = { type: 'instances-listed', instances, now: sampleNow + 60_000 } as const;
    const filtered = typed(state, '/', 'text:limits.memory=4096MiB', 'enter');
    assert.deepEqual(visible(update(filtered, { ...listed, withoutConfig: true }).state), ['db']);
    assert.deepEqual(visible(update(filtered, listed).state), []);
  });
});

describe('suggestions in the form for a new instance', () => {
  it('take the place of what was typed, one after the other', () => {
    assert.match(text(typed(state, 'n', 'text:de', 'tab')), /Image +debian\/12/);
    assert.match(text(typed(state, 'n', 'text:de', 'tab', 'tab')), /Image +debian\/13/);
    assert.match(text(typed(state, 'n', 'text:nothing', 'tab')), /▸ Name/);
  });

  it('are waited for while the server has not told what there is', () => {
    const early = { ...state, data: { ...state.data, images: new Map(), recipes: [], loaded: new Set<never>() } };
    assert.match(text(typed(early, 'n', 'text:de', 'tab')), /▸ Image +de/);
  });
});
