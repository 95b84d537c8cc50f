import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { textOf } from './frame/line.ts';
import { themeName } from './frame/theme.ts';
import { commands } from './keys/commands.ts';
import { isKeyName } from './keys/key-name.ts';
import { readBindings } from './keys/read-bindings.ts';
import { screenSettings } from './screen-settings.ts';
import { instancePage } from './state/page.ts';
import type { State } from './state/state.ts';
import { update } from './state/update.ts';
import { sampleState, typed } from './testing/sample-states.ts';
import { frameLines } from './views/frame.ts';

const size = { columns: 80, rows: 24 };
const read = (screen: unknown) => screenSettings(screen, '/conf/config.yml');
const withKeys = (keys: unknown): State => ({ ...sampleState(size), bindings: read({ keys }).bindings });
const press = (state: State, key: string) => update(state, { type: 'key', press: { key, text: '' } });
const shown = (state: State) => frameLines(state).map(textOf).join('\n');

const typedTo = (state: State, screen: string) => typed(state, ':', `text:${screen}`, 'enter');

describe('the settings of the screen', () => {
  it('are the keys of the table, and the theme that fits, without any', () => {
    assert.deepEqual(read(undefined), { theme: undefined, bindings: new Map() });
    assert.deepEqual(read(null), { theme: undefined, bindings: new Map() });
    assert.equal(themeName({}), 'dark');
    assert.equal(themeName({ COLORFGBG: '0;15' }), 'light');
    assert.equal(themeName({ COLORFGBG: '0;15' }, 'plain'), 'plain');
    assert.equal(themeName({ YURT_THEME: 'dark' }, 'plain'), 'dark');
  });

  it('give other keys to commands, in what the keys do and in what is said of them', () => {
    const state = withKeys({ quit: ['Q', 'ctrl+q'], help: 'H', 'mark-all': [] });
    assert.equal(press(state, 'q').effects.length, 0);
    assert.deepEqual(press(state, 'ctrl+q').effects, [{ kind: 'quit' }]);
    assert.equal(press(state, '?').state.overlay, undefined);
    assert.equal(press(state, '*').state, state);
    assert.match(shown(state), /: commands +H help/);
    const help = press(state, 'H').state;
    assert.equal(help.overlay?.kind, 'help');
    const all = Array.from({ length: 60 }, (_, offset) =>
      shown({ ...help, overlay: { kind: 'help', offset, over: undefined } }),
    ).join('\n');
    assert.match(all, /Q \^Q +Leave/);
    assert.doesNotMatch(all, /Mark all that are shown/);
    const palette = press(state, ':').state;
    const named = [...'mark-all'].reduce(
      (now, key) => update(now, { type: 'key', press: { key, text: key } }).state,
      palette,
    );
    assert.equal(press(named, 'enter').state.tables.instances.marked.size > 0, true, 'the palette has it still');
  });

  it('are in what an empty list and the palette say', () => {
    const keys = {
      new: 'I',
      'new-token': 'I',
      'new-snapshot': 'I',
      'new-setting': 'I',
      back: 'ctrl+o',
      'build-image': [],
    };
    const state = withKeys(keys);
    const empty = update(state, { type: 'instances-listed', instances: [], now: state.now }).state;
    assert.match(shown(empty), /No instances yet: I launches the first/);
    const page = { ...state, pages: [...state.pages, instancePage('default/gone')] } satisfies State;
    assert.match(shown(page), /does not exist any more: \^O goes back/);
    const images = update(typedTo(state, 'images'), {
      type: 'listed',
      screen: 'images',
      listed: { images: new Map() },
    });
    assert.match(shown(images.state), /No images yet: :build-image builds one from a recipe/);
    const snapshots = { ...state, pages: [...state.pages, instancePage('default/db', 'snapshots')] } satisfies State;
    const none = update(snapshots, { type: 'snapshots-listed', key: 'default/db', snapshots: [] }).state;
    assert.match(shown(none), /No snapshots yet: I takes the first/);
    const filtered = typed(state, '/', 'text:nothing', 'enter');
    assert.match(shown(filtered), /Nothing passes the filter "nothing": \^O takes it away/);
    assert.match(shown(typed(state, ':', 'text:new')), / new +I +Launch/);
  });

  it('suspend by another key, while one types too', () => {
    const state = withKeys({ suspend: 'ctrl+t' });
    assert.deepEqual(press(press(state, '/').state, 'ctrl+t').effects, [{ kind: 'suspend' }]);
    assert.deepEqual(press(state, 'ctrl+z').effects, []);
  });

  for (const [written, said] of [
    [[], /section "screen": it is no map/],
    [{ kyes: {} }, /"kyes" is nothing that can be set; there are keys and theme/],
    [{ theme: 'pink' }, /"theme" is none of dark, light, plain/],
    [{ keys: 'q' }, /"keys": it is no map/],
    [{ keys: { stpo: 'x' } }, /there is no command "stpo"; did you mean "stop"\?/],
    [{ keys: { stop: 'F99' } }, /"F99" for "stop" is no key/],
    [{ keys: { stop: 7 } }, /a key of "stop" is no text: write it in quotes/],
    [{ keys: { stop: 'ctrl+m' } }, /"ctrl\+m" for "stop" cannot be told from enter/],
    [{ keys: { quit: [] } }, /"quit" needs a key/],
    [{ keys: { stop: 'R' } }, /"stop" and "restart" \(by default\) have the same key R/],
    [{ keys: { stop: 'b', restart: 'b' } }, /"stop" and "restart" have the same key b/],
    [{ keys: { start: 'q', stop: 'S', nothing: 'a' } }, /there is no command "nothing"/],
    [{ keys: { constructor: 'a' } }, /there is no command "constructor"/],
    [{ keys: { stop: 'abcdefghi'.split('') } }, /"stop" has more than 8 keys/],
  ] as const) {
    it(`refuse ${JSON.stringify(written)}`, () => {
      assert.throws(() => read(written), said);
      assert.throws(() => read(written), /^Failure: Cannot open the screen: \/conf\/config\.yml/);
    });
  }

  it('let two commands change their keys with each other, and commands of different places share one', () => {
    assert.deepEqual(readBindings({ stop: 'R', restart: 'x' }).problems, []);
    assert.deepEqual(readBindings({ down: ['J'], 'text-down': ['J'], 'file-down': ['J'] }).problems, []);
  });

  it('can name each key of the table', () => {
    const keys = commands.flatMap((command) => command.keys);
    assert.deepEqual(
      keys.filter((key) => !isKeyName(key)),
      [],
    );
    assert.deepEqual(readBindings(Object.fromEntries(commands.map(({ id, keys: own }) => [id, own]))).problems, []);
  });
});
