import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { makeKeyPair } from '../../../proto/remote/certificate.ts';
import { decodeToken, encodeToken } from '../../../proto/remote/token.ts';
import { Daemon, projectRoot } from '../harness/daemon.ts';
import { eventually } from '../harness/eventually.ts';
import { RemoteUser } from '../harness/remote-user.ts';
import { template } from '../harness/template.ts';
import type { Attacker, Result } from './attack-server.ts';

const longMs = 5 * 60_000;
const port = 8443;
/** What a server may have grown by after everything here, in bytes. */
const maxGrowthBytes = 150 * 1024 * 1024;

describe('a server that is attacked from the network', { timeout: longMs }, () => {
  let yurt: Daemon;
  let attacker: Attacker;
  let residentBefore = 0;

  before(
    async () => {
      yurt = await Daemon.start(await template('tiny'));
      await yurt.ok('config', 'set', `core.https_address=127.0.0.1:${port}`);
      const { certificatePem, keyPem } = await makeKeyPair({ commonName: 'yurt', use: 'client' });
      attacker = { certificate: certificatePem, key: keyPem };
      residentBefore = resident();
    },
    { timeout: longMs },
  );

  after(async () => await yurt[Symbol.asyncDispose]());

  function resident(): number {
    const [, kilobytes] = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${yurt.pid}/status`, 'utf8')) ?? [];
    return Number(kilobytes) * 1024;
  }

  async function attack(name: string): Promise<Result> {
    const program = [join(projectRoot, 'bin/node'), join(import.meta.dirname, 'attack-server.ts'), name, String(port)];
    const { stdout, stderr } = await yurt.inNetwork(program, { input: JSON.stringify(attacker) });
    assert.notEqual(stdout, '', stderr);
    return JSON.parse(stdout);
  }

  /** How long a local command takes. */
  async function localMs(): Promise<number> {
    const started = performance.now();
    await yurt.ok('list', '--fast');
    return performance.now() - started;
  }

  for (const [name, expected, withinMs, logged] of [
    ['plain HTTP', /closed|ECONNRESET/, 3_000, /HTTP_REQUEST/],
    ['plain gRPC', /closed|ECONNRESET/, 3_000, /"peer":"127\.0\.0\.1:\d+","reason":"ERR_SSL/],
    ['random bytes', /closed|ECONNRESET|ERR_SSL/, 3_000, /ERR_SSL/],
    ['silence', /^closed|ECONNRESET/, 20_000, /HANDSHAKE_TIMEOUT|in time/],
    ['half a handshake', /closed|ECONNRESET/, 20_000, /HANDSHAKE_TIMEOUT|in time/],
    ['TLS 1.2', /PROTOCOL_VERSION|ECONNRESET/, 3_000, /UNSUPPORTED_PROTOCOL/],
    ['no certificate', /closed|ECONNRESET|CERTIFICATE/, 3_000, /it has no certificate/],
    ['no HTTP/2', /ALPN|NO_APPLICATION_PROTOCOL|closed|ECONNRESET/i, 3_000, /ALPN|PROTOCOL|HTTP\/2/i],
    ['HTTP/1.1 anyway', /closed|ECONNRESET/, 3_000, /does not speak HTTP\/2/],
    ['a huge chain', /closed|ECONNRESET|ERR_SSL|EPIPE/, 5_000, /EXCESSIVE_MESSAGE_SIZE|ERR_SSL/],
    ['garbage frames', /closed|ECONNRESET|EPIPE/, 5_000, /"peer":"127\.0\.0\.1:\d+","reason":"Protocol error"/],
    ['a large message', /status 8/, 5_000, /an unknown client connected/],
  ] as const) {
    it(`refuses ${name}, and says whose it was`, async () => {
      const before = yurt.log.length;
      const { said, tookMs } = await attack(name);
      assert.match(said, expected);
      assert.ok(tookMs < withinMs, `${tookMs} ms`);
      const log = await eventually(async () => {
        const text = yurt.log.slice(before);
        assert.match(text, logged);
        return text;
      });
      assert.match(log, /"peer":"127\.0\.0\.1:\d+"/);
      assert.doesNotMatch(log, /"level":(50|60)/);
    });
  }

  it('refuses tokens that are wrong, used, expired, revoked or of another server', async () => {
    using user = new RemoteUser(yurt);
    const add = async (token: string) => (await user.yurt(['remote', 'add', 'far', token])).stderr;
    const made = async () => (await yurt.ok('config', 'trust', 'add', 'someone')).trim();
    const good = decodeToken(await made());
    assert.ok(good !== undefined);
    assert.match(await add(encodeToken({ ...good, secret: `${good.secret}x` })), /The token is not known here/);
    assert.match(
      await add(encodeToken({ ...good, fingerprint: '0'.repeat(64) })),
      /it is another server than the token's/,
    );
    assert.match(await add(encodeToken({ ...good, expiresAt: new Date(Date.now() - 1000) })), /The token has expired/);
    assert.match(await add('eyJub3QiOiJhIHRva2VuIn0='), /neither a token nor an address/);
    await yurt.ok('config', 'trust', 'revoke-token', 'someone');
    assert.match(await add(encodeToken(good)), /The token is not known here/);
    assert.equal(await yurt.ok('config', 'trust', 'list', '-f', 'csv'), '');
    const used = await made();
    assert.equal(await add(used), '');
    using other = new RemoteUser(yurt);
    assert.match((await other.yurt(['remote', 'add', 'far', used])).stderr, /The token is not known here/);
  });

  it('knows nobody by a name: a certificate of the same names with another key is a stranger', async () => {
    using user = new RemoteUser(yurt);
    await user.join(yurt, 'far');
    const twin = await makeKeyPair({ commonName: 'root@host', use: 'client' });
    writeFileSync(join(user.settings, 'client.crt'), twin.certificatePem);
    writeFileSync(join(user.settings, 'client.key'), twin.keyPem);
    assert.match((await user.yurt(['list', 'far:'])).stderr, /does not trust this client/);
  });

  it('serves its own host while a thousand connections are idle, and ends them', async () => {
    const attacked = attack('a thousand idle connections');
    let slowest = 0;
    for (let count = 0; count < 10; count += 1) slowest = Math.max(slowest, await localMs());
    const { said } = await attacked;
    assert.equal(said, '0 still open');
    assert.ok(slowest < 5_000, `${slowest} ms`);
  });

  it('has not grown by all that, and runs on', async () => {
    assert.ok(resident() - residentBefore < maxGrowthBytes, `${residentBefore} → ${resident()}`);
    assert.doesNotMatch(yurt.log, /a defect/);
  });

  it('holds no more than so much for a client that it trusts, and says whose it was', async () => {
    const before = resident();
    await yurt.yurt(['config', 'trust', 'add-certificate', '-', '--name', 'odd'], { input: attacker.certificate });
    const { said } = await attack('half messages');
    assert.match(said, /ENHANCE_YOUR_CALM/);
    await eventually(() =>
      assert.match(yurt.log, /"peer":"client odd at 127\.0\.0\.1:\d+","reason":"its requests hold too much memory"/),
    );
    assert.ok(resident() - before < 2 * maxGrowthBytes, `${before} → ${resident()}`);
  });
});
