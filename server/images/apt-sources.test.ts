import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatSources, parseDeb822, parseOneLine, sourcesForSuite, withoutCredentials } from './apt-sources.ts';

const host = `
Types: deb deb-src
# a comment
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates bookworm-backports
Components: main contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main
Check-Valid-Until: no
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: https://vendor.example/apt
Suites: bookworm
Components: main
Signed-By: /etc/apt/keyrings/vendor.gpg

Types: deb
Enabled: no
URIs: http://off.example
Suites: bookworm
Components: main

Types: deb-src
URIs: http://source.example
Suites: bookworm
Components: main
`;

test("the host's own release is replaced by the wanted suite, updates and security too, third parties not", () => {
  const sources = sourcesForSuite({ sources: parseDeb822(host), codename: 'bookworm' }, 'trixie');
  assert.deepEqual(sources, [
    {
      uris: ['http://mirror.example/debian'],
      suites: ['trixie', 'trixie-updates'],
      components: ['main', 'contrib'],
      options: { 'Signed-By': '/usr/share/keyrings/debian-archive-keyring.gpg' },
    },
    {
      uris: ['http://mirror.example/debian-security'],
      suites: ['trixie-security'],
      components: ['main'],
      options: { 'Signed-By': '/usr/share/keyrings/debian-archive-keyring.gpg', 'Check-Valid-Until': 'no' },
    },
  ]);
});

test('sources that have the suite come before those that are derived', () => {
  const more = parseOneLine(
    'deb [arch=amd64 trusted=yes] http://own.example/debian trixie main # ours\n# deb http://no x main',
  );
  const sources = sourcesForSuite({ sources: [...parseDeb822(host), ...more], codename: 'bookworm' }, 'trixie');
  assert.deepEqual(sources, [
    { uris: ['http://own.example/debian'], suites: ['trixie'], components: ['main'], options: { Trusted: 'yes' } },
  ]);
});

test('a private mirror with a key of its own is used when there is no other', () => {
  const own = parseOneLine('deb [signed-by=/etc/apt/keyrings/own.gpg] https://own.example/debian bookworm main');
  const [source] = sourcesForSuite({ sources: own, codename: 'bookworm' }, 'bookworm');
  assert.deepEqual(source?.options, { 'Signed-By': '/etc/apt/keyrings/own.gpg' });
});

test('the old name of the security suite is known', () => {
  const old = parseOneLine(
    'deb http://m.example/debian buster main\ndeb http://m.example/security buster/updates main',
  );
  const suites = (suite: string) =>
    sourcesForSuite({ sources: old, codename: 'buster' }, suite).flatMap((each) => each.suites);
  assert.deepEqual(suites('buster'), ['buster', 'buster/updates']);
  assert.deepEqual(suites('trixie'), ['trixie', 'trixie-security']);
});

test('a host without usable sources is told so', () => {
  const media = parseOneLine('deb cdrom:[Debian]/ bookworm main\ndeb file:/srv/mirror bookworm main');
  for (const sources of [[], media]) {
    assert.throws(() => sourcesForSuite({ sources, codename: 'bookworm' }, 'trixie'), {
      code: 'unsupported',
      message: /no sources for the suite "trixie"/,
    });
  }
});

test('what is written is read back the same, a key in the text too', () => {
  const key =
    'Types: deb\nURIs: http://m.example\nSuites: a\nComponents: main\nSigned-By:\n -----BEGIN\n .\n abc\n -----END\n';
  const sources = [...parseDeb822(host), ...parseDeb822(key)];
  assert.deepEqual(parseDeb822(formatSources(sources)), sources);
});

test('credentials stay on the host', () => {
  const [source] = withoutCredentials(parseOneLine('deb https://me:secret@m.example/debian/@x bookworm main'));
  assert.deepEqual(source?.uris, ['https://m.example/debian/@x']);
});
