import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { readSettings, settingsPath, withProject, writeSettings } from './settings.ts';

const local = { address: 'unix://', project: '' };
const blue = { defaultRemote: 'local', remotes: { local: { ...local, project: 'blue' } } };

describe('the settings of the command line', () => {
  let directory: string;
  const env = () => ({ YURT_CONF: join(directory, 'conf') });
  const file = () => join(directory, 'conf/config.yml');

  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'yurt-settings-'))));
  afterEach(() => rmSync(directory, { recursive: true }));

  it('are where the environment says', () => {
    assert.equal(settingsPath({ YURT_CONF: '/a', HOME: '/h' }), '/a/config.yml');
    assert.equal(settingsPath({ XDG_CONFIG_HOME: '/x', HOME: '/h' }), '/x/yurt/config.yml');
    assert.equal(settingsPath({ HOME: '/h' }), '/h/.config/yurt/config.yml');
    assert.equal(settingsPath({}), undefined);
  });

  it('are nothing without a file', async () => {
    assert.deepEqual(await readSettings(env()), { defaultRemote: 'local', remotes: { local }, aliases: {} });
    assert.deepEqual(await readSettings({}), { defaultRemote: 'local', remotes: { local }, aliases: {} });
  });

  it('are written for their user alone, and read back', async () => {
    await writeSettings(env(), (settings) => ({
      ...withProject(settings, 'local', 'blue'),
      aliases: { ll: 'list -c ns' },
    }));
    assert.deepEqual(await readSettings(env()), { ...blue, aliases: { ll: 'list -c ns' } });
    assert.equal(statSync(file()).mode & 0o777, 0o600);
  });

  it('lose nothing when several write at once, nor by a lock that a killed one left', async () => {
    await writeSettings(env(), (settings) => settings);
    writeFileSync(`${file()}.lock`, '4194305'); // beyond the highest process id: proc_sys_kernel(5)
    const names = Array.from({ length: 8 }, (_, index) => `a${index}`);
    const add = (name: string) =>
      writeSettings(env(), (settings) => ({ ...settings, aliases: { ...settings.aliases, [name]: 'list' } }));
    await Promise.all(names.map(add));
    assert.deepEqual(Object.keys((await readSettings(env())).aliases).sort(), names);
    assert.deepEqual(readdirSync(join(directory, 'conf')), ['config.yml']);
  });

  it('are written in spite of an old lock, whose number may be that of another program by now', async () => {
    await writeSettings(env(), (settings) => settings);
    const lock = `${file()}.lock`;
    writeFileSync(lock, String(process.pid));
    utimesSync(lock, 0, 0);
    await writeSettings(env(), (settings) => withProject(settings, 'local', 'blue'));
    assert.deepEqual(readdirSync(join(directory, 'conf')), ['config.yml']);
    assert.equal((await readSettings(env())).remotes['local']?.project, 'blue');
  });

  it('keep what others wrote', async () => {
    await writeSettings(env(), (settings) => withProject(settings, 'local', 'blue'));
    writeFileSync(file(), `# mine\nother: 7\n${readFileSync(file(), 'utf8')}`);
    await writeSettings(env(), (settings) => ({ ...settings, aliases: { a: 'b' } }));
    const text = readFileSync(file(), 'utf8');
    assert.match(text, /# mine\nother: 7/);
    assert.deepEqual(await readSettings(env()), { ...blue, aliases: { a: 'b' } });
  });

  it('keep the servers, and what else is said of them', async () => {
    const far = { address: 'https://10.0.0.1:8443', project: 'team' };
    await writeSettings(env(), (settings) => ({ ...settings, remotes: { ...settings.remotes, far } }));
    writeFileSync(file(), readFileSync(file(), 'utf8').replace('    protocol', '    keepalive: 30\n    protocol'));
    await writeSettings(env(), (settings) => ({ ...withProject(settings, 'far', 'blue'), defaultRemote: 'far' }));
    assert.deepEqual(await readSettings(env()), {
      ...{ defaultRemote: 'far', aliases: {} },
      remotes: { local, far: { ...far, project: 'blue' } },
    });
    assert.match(readFileSync(file(), 'utf8'), /keepalive: 30/);
    await writeSettings(env(), (settings) => ({ ...settings, defaultRemote: 'local', remotes: { local } }));
    assert.doesNotMatch(readFileSync(file(), 'utf8'), /far/);
  });

  for (const [text, message] of [
    ['[', /config.yml is not YAML: /],
    ['- a', /config.yml is not a map/],
    ['aliases: [a]', /has "aliases" that are not a map of texts/],
    ['remotes: x', /has "remotes" that are not a map/],
    ['remotes: { local: { project: [a] } }', /has a "project" that is not a name/],
  ] as const) {
    it(`say what is wrong with ${text}`, async () => {
      await writeSettings(env(), (settings) => withProject(settings, 'local', 'blue'));
      writeFileSync(file(), text);
      await assert.rejects(readSettings(env()), message);
      await assert.rejects(
        writeSettings(env(), (settings) => withProject(settings, 'local', 'x')),
        message,
      );
      assert.equal(readFileSync(file(), 'utf8'), text);
    });
  }
});
