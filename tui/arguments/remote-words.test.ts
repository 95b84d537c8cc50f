import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { commandAt } from '../commands/find.ts';
import { splitRemotes } from './remote-words.ts';

function split(line: string, fallback = 'local') {
  const words = line.split(' ');
  const depth = [3, 2, 1].find((count) => commandAt(words.slice(0, count)) !== undefined) ?? 0;
  const spec = commandAt(words.slice(0, depth));
  assert.ok(spec !== undefined, line);
  return splitRemotes(spec, words.slice(depth), ['local', 'far', 'near'], fallback)
    .map(({ remote, arguments: args, remotes }) => {
      const words = args.map((arg, index) => (remotes?.[index] === undefined ? arg : `${remotes[index]}|${arg}`));
      return [`${remote}>`, ...words].join(' ');
    })
    .join('; ');
}

describe('the names of servers in arguments', () => {
  for (const [line, expected] of [
    ['list', 'local>'],
    ['list far:', 'far>'],
    ['list far: ^web user.x=a:b', 'far> ^web user.x=a:b'],
    ['info far:', 'far>'],
    ['info far:web', 'far> web'],
    ['exec far:web ls near:x', 'far> web ls near:x'],
    ['delete web far:a near:b far:c', 'local> web; far> a c; near> b'],
    ['launch tiny far:web', 'local> tiny far|web'],
    ['launch far:tiny near:web', 'local> far|tiny near|web'],
    ['launch tiny far:', 'local> tiny far|'],
    ['copy far:web near:', 'local> far|web near|'],
    ['move web far:www', 'local> web far|www'],
    ['image copy far:tiny near:', 'local> far|tiny near|'],
    ['launch tiny', 'local> tiny'],
    ['config set core.https_address=[::]:8443', 'local> core.https_address=[::]:8443'],
    ['config set far: core.https_address :8443', 'far> core.https_address :8443'],
    ['config show far:', 'far>'],
    ['config device add far:web d disk source=far:x', 'far> web d disk source=far:x'],
    ['profile list far:', 'far>'],
    ['profile copy far:a far:b', 'far> a b'],
    ['network list far:', 'far>'],
    ['monitor far:', 'far>'],
    ['file push -r a:b c near:web/srv', 'near> -r a:b c web/srv'],
    ['file pull far:web/etc/hosts far:db/etc/hosts .', 'far> web/etc/hosts db/etc/hosts .'],
    ['alias add x far:y', 'local> x far:y'],
    ['remote remove far:', 'local> far:'],
  ] as const) {
    it(`are understood in: ${line}`, () => assert.equal(split(line), expected));
  }

  it('are not needed where another server is the default', () => {
    assert.equal(split('list web', 'far'), 'far> web');
    assert.equal(split('delete web local:a', 'far'), 'far> web; local> a');
  });

  for (const line of ['profile copy far:a b', 'file push x far:web near:db']) {
    it(`are refused where one command would need two: ${line}`, () =>
      assert.throws(() => split(line), /cannot be for/));
  }

  it('are refused when nobody added them, with the nearest', () => {
    assert.throws(() => split('list faar:'), /The remote "faar" does not exist; did you mean "far"/);
  });
});
