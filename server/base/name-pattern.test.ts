import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checkPattern, nameOf } from './name-pattern.ts';

const now = new Date('2026-03-04T05:06:07Z');

describe('the name of a snapshot', () => {
  it('follows the pattern', () => {
    assert.equal(nameOf('', now, new Set()), 'snap0');
    assert.equal(nameOf('', now, new Set(['snap0', 'snap9', 'snapx', 'other'])), 'snap10');
    assert.equal(nameOf('daily-%d-x', now, new Set(['daily-3-x'])), 'daily-4-x');
    assert.equal(nameOf('s-{{ creation_date }}', now, new Set()), 's-2026-03-04T05-06-07Z');
    assert.equal(nameOf("{{creation_date|date:'2006-01-02_15-04-05'}}", now, new Set()), '2026-03-04_05-06-07');
  });

  it('gets a number when the pattern alone is taken', () => {
    assert.equal(nameOf('fixed', now, new Set(['fixed'])), 'fixed-0');
    assert.equal(nameOf('fixed', now, new Set(['fixed', 'fixed-0'])), 'fixed-1');
  });

  it('interprets nothing else: templates are refused', () => {
    for (const bad of [
      '{{7*7}}',
      '{% include "/etc/shadow" %}',
      '../x',
      'a b',
      '%d%d',
      '%s',
      "{{ creation_date|date:'/' }",
    ]) {
      assert.notEqual(checkPattern(bad), undefined, bad);
    }
    for (const good of ['', 'snap%d', "x{{ creation_date|date:'20060102' }}"])
      assert.equal(checkPattern(good), undefined);
  });
});
