import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { textOf } from '../frame/line.ts';
import { sampleState, typed } from '../testing/sample-states.ts';
import { frameLines } from '../views/frame.ts';

const trust = typed(sampleState({ columns: 80, rows: 24 }), ':', 'text:trust', 'enter');
const asked = (...keys: readonly string[]) =>
  frameLines(typed(trust, ...keys))
    .map(textOf)
    .join('\n');

describe('what is deleted on the screen of trust', () => {
  it('is called what it is', () => {
    assert.match(asked('D'), /Delete the group builders\?/);
    const clients = asked('j', 'space', 'j', 'space', 'D');
    assert.match(clients, /Delete 2 clients\?/);
    assert.match(clients, /│ ci, laptop /);
  });

  it('is called what each is where they are of several kinds', () => {
    const all = asked('*', 'D');
    assert.match(all, /Delete these 4\?/);
    assert.match(all, /│ group builders, client ci, token desktop, client laptop /);
  });
});
