import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { screens } from '../testing/screens.ts';
import { commandFor, commands, commandsHere } from './commands.ts';
import { places } from './read-bindings.ts';

const states = Object.values(screens({ columns: 80, rows: 24 }));

describe('the table of commands', () => {
  it('has each name once', () => {
    const ids = commands.map(({ id }) => id);
    assert.deepEqual(ids, [...new Set(ids)]);
  });

  it('says of each what it does', () => {
    for (const { id, help } of commands) assert.ok(help.length > 1 && !help.endsWith('.'), id);
  });

  it('has no command that can be meant nowhere', () => {
    const nowhere = commands.filter(
      (command) => !states.some((state) => commandsHere(state).some((one) => one.command === command)),
    );
    assert.deepEqual(
      nowhere.map(({ id }) => id),
      [],
    );
  });

  it('has keys for each command where it can be meant, unless the same key is for something smaller there', () => {
    const lost = places().flatMap((place) =>
      commands
        .filter(({ keys, here }) => keys.length > 0 && here(place))
        .filter((command) => command.keys.every((key) => commandFor(place, key) !== command))
        .map(({ id, keys: [key = ''] }) => `${id}: ${commandFor(place, key)?.id}`),
    );
    assert.deepEqual([...new Set(lost)].sort(), [
      'copy-address: copy-screen', // of the log
      'delete: delete-snapshot',
      'delete: remove-setting',
      'rename: rename-snapshot',
    ]);
  });

  it('helps, offers its commands, goes back and leaves on every screen', () => {
    for (const state of states) {
      for (const key of ['?', ':', 'ctrl+c', 'q']) assert.ok(commandFor(state, key) !== undefined, key);
      if (state.pages.length > 1) assert.equal(commandFor(state, 'escape')?.id, 'back');
    }
  });
});
