import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { Profile } from '../../proto/gen/yurt/v1/Profile.ts';
import type { Project } from '../../proto/gen/yurt/v1/Project.ts';
import { runProgram } from '../program.ts';
import { FakeTerminal, runInProcess } from '../testing/fake-terminal.ts';
import { Refusal, ScriptedServer } from '../testing/scripted-server.ts';
import { parsePreseed } from './preseed.ts';

const invalid = 3;
const devices = {
  root: { options: { type: 'disk', path: '/', pool: 'default' } },
  eth0: { options: { type: 'nic', name: 'eth0', network: 'yurtbr0' } },
};

describe('yurt init', () => {
  let server: ScriptedServer;
  let config: Record<string, string>;
  let profiles: Map<string, Profile>;
  let projects: Map<string, Project>;
  let version: number;
  const yurt = (argv: string[], stdin?: string) =>
    runInProcess(server.socket, argv, stdin === undefined ? {} : { stdin });
  const world = () =>
    structuredClone({
      config,
      profiles: [...profiles.values()].map(({ etag: _etag, ...profile }) => profile),
      projects: [...projects.values()].map(({ etag: _etag, ...project }) => project),
    });

  beforeEach(async () => {
    server = await ScriptedServer.start();
    version = 1;
    config = {};
    profiles = new Map([
      ['default/default', { name: 'default', project: 'default', description: '', config: {}, devices, etag: '0' }],
    ]);
    projects = new Map([['default', { name: 'default', description: 'Default', config: {}, etag: '0' }]]);
    const missing = () => Refusal.notFound('It does not exist');
    const next = () => String(version++);
    const network = { name: 'yurtbr0', type: 'bridge', managed: true, config: { 'ipv4.address': '10.1.2.1/24' } };
    server.on('ServerService', 'GetServer', () => ({ server: { instanceCount: 2 } }));
    server.on('ServerService', 'GetServerConfig', () => ({ config, etag: JSON.stringify(config) }));
    server.on('ServerService', 'UpdateServerConfig', ({ config: wanted = {}, etag }) => {
      if (etag !== JSON.stringify(config)) throw new Refusal(10, 'It was changed');
      if (wanted['core.https_address'] === '10.9.9.9:8443') throw new Refusal(invalid, 'Cannot listen there');
      config = Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== ''));
      return { config, etag: JSON.stringify(config) };
    });
    server.on('NetworkService', 'ListNetworks', () => ({ networks: [network, { name: 'eth0', managed: false }] }));
    server.on('StorageService', 'ListStoragePools', () => ({
      pools: ['default', 'fast'].map((name) => ({ name, driver: 'overlay', config: { source: `/somewhere/${name}` } })),
    }));
    server.on('ProjectService', 'ListProjects', () => ({ projects: [...projects.values()] }));
    server.on('ProjectService', 'GetProject', ({ name = '' }) => {
      const project = projects.get(name);
      if (project === undefined) throw missing();
      return { project };
    });
    server.on('ProjectService', 'CreateProject', ({ name = '', description = '', config: own = {} }) => {
      const project = { name, description, config: own, etag: next() };
      projects.set(name, project);
      return { project };
    });
    server.on('ProjectService', 'UpdateProject', ({ name = '', description = '', config: own = {}, etag }) => {
      if (projects.get(name)?.etag !== etag) throw new Refusal(10, 'It was changed');
      const project = { name, description, config: own, etag: next() };
      projects.set(name, project);
      return { project };
    });
    server.on('ProjectService', 'DeleteProject', ({ name = '' }) => {
      projects.delete(name);
      return server.done();
    });
    server.on('ProfileService', 'ListProfiles', () => ({ profiles: [...profiles.values()] }));
    server.on('ProfileService', 'GetProfile', ({ project = '', name = '' }) => {
      const profile = profiles.get(`${project}/${name}`);
      if (profile === undefined) throw missing();
      return { profile };
    });
    const put = ({ project = '', name = '', description = '', config: own = {}, devices: all = {} }: Profile) => {
      if (own['bad'] !== undefined) throw new Refusal(invalid, 'Unknown key "bad"');
      const profile = { name, project, description, config: own, devices: all, etag: next() };
      profiles.set(`${project}/${name}`, profile);
      return { profile };
    };
    server.on('ProfileService', 'CreateProfile', put);
    server.on('ProfileService', 'UpdateProfile', (request) => {
      const { project = '', name = '', etag } = request;
      if (profiles.get(`${project}/${name}`)?.etag !== etag) throw new Refusal(10, 'It was changed');
      return put(request);
    });
    server.on('ProfileService', 'DeleteProfile', ({ project = '', name = '' }) => {
      profiles.delete(`${project}/${name}`);
      return {};
    });
  });
  afterEach(async () => await server[Symbol.asyncDispose]());

  const preseed = `
config: { core.https_address: ":8443" }
networks: [{ name: yurtbr0, type: bridge, config: { ipv4.address: auto } }]
storage_pools: [{ name: default, driver: overlay }]
projects: [{ name: team, description: The team }, { name: default, config: { user.x: "007" } }]
profiles:
  - { name: default, config: { limits.cpu: "2" }, devices: { eth0: { type: nic, name: eth0, network: yurtbr0, hwaddr: x } } }
  - { name: small, project: team, config: { limits.memory: 1GiB } }
`;

  it('makes a server what a preseed says, keeps the rest, and finds nothing to do the next time', async () => {
    const { code, stdout, stderr } = await yurt(['init', '--preseed'], preseed);
    assert.deepEqual([code, stderr], [0, '']);
    assert.match(stdout, /^Project "team" created\nProject "default" changed\n/);
    assert.deepEqual(config, { 'core.https_address': ':8443' });
    assert.deepEqual(projects.get('default')?.config, { 'user.x': '007' });
    assert.deepEqual(profiles.get('default/default')?.config, { 'limits.cpu': '2' });
    assert.deepEqual(Object.keys(profiles.get('default/default')?.devices ?? {}), ['root', 'eth0']);
    assert.deepEqual(profiles.get('team/small')?.config, { 'limits.memory': '1GiB' });
    const again = await yurt(['admin', 'init', '--preseed'], preseed);
    assert.equal(again.stdout, 'Everything is so already: nothing was changed\n');
  });

  it('unsets what has an empty value, once', async () => {
    await yurt(['init', '--preseed'], preseed);
    const emptied =
      'projects: [{ name: default, config: { user.x: "" } }]\nprofiles: [{ name: default, config: { limits.cpu: "" } }]';
    assert.match((await yurt(['init', '--preseed'], emptied)).stdout, /^Project "default" changed\nProfile "default"/);
    assert.deepEqual([projects.get('default')?.config, profiles.get('default/default')?.config], [{}, {}]);
    assert.match((await yurt(['init', '--preseed'], emptied)).stdout, /nothing was changed/);
  });

  it('undoes all of a preseed of which a part fails', async () => {
    for (const bad of [
      preseed.replace('limits.memory: 1GiB', 'bad: x'),
      preseed.replace('":8443"', '10.9.9.9:8443'),
      preseed.replace('limits.cpu: "2"', 'bad: x'),
    ]) {
      const before = world();
      const { code, stderr } = await yurt(['init', '--preseed'], bad);
      assert.equal(code, 1);
      assert.match(stderr, /^Error: (?:Unknown key "bad"|Cannot listen there)\n$/);
      assert.deepEqual(world(), before);
    }
  });

  it('says what it could not undo, and undoes the rest', async () => {
    server.on('ProjectService', 'DeleteProject', () => {
      throw new Refusal(9, 'It is not empty any more');
    });
    const { code, stderr } = await yurt(['init', '--preseed'], preseed.replace('limits.memory: 1GiB', 'bad: x'));
    assert.equal(code, 1);
    assert.match(stderr, /^Warning: not undone: project "team" created: It is not empty any more\nError: Unknown key/);
    assert.deepEqual(profiles.get('default/default')?.config, {});
  });

  it('refuses before anything is changed what cannot be', async () => {
    const before = world();
    for (const [text, reason] of [
      ['networks: [{ name: lxdbr0 }]', /network "lxdbr0", which does not exist: this server has "yurtbr0"/],
      ['networks: [{ name: yurtbr0, config: { ipv4.address: 10.0.0.1/24 } }]', /here it has ipv4.address=10.1.2.1/],
      ['storage_pools: [{ name: default, driver: zfs }]', /with driver=zfs, but here it has driver=overlay/],
      ['profiles: [{ name: x, project: nowhere }]', /profile "x" of project "nowhere", which does not exist/],
      ['profiles: [{ name: x }, { name: x }]', /has the profile "x" twice/],
      ['cluster: {}', /unknown key "cluster"/],
      ['config: [a]', /"config" that is not a map of texts/],
      ['- a', /is not a map/],
      ['a: &b [*b]', /is not YAML|unknown key/],
      ['{', /is not YAML/],
      ['projects: [{ description: x }]', /a project without a name/],
      ['profiles: [{ name: x, devices: { a: b } }]', /device "a" of profile "x" that is not a map/],
    ] as const) {
      const { code, stderr } = await yurt(['init', '--preseed'], text);
      assert.deepEqual([code, reason.test(stderr)], [1, true], `${text}: ${stderr}`);
    }
    assert.deepEqual(world(), before);
  });

  it('dumps what --preseed takes again', async () => {
    await yurt(['init', '--preseed'], preseed);
    const { code, stdout } = await yurt(['init', '--dump']);
    assert.equal(code, 0);
    assert.doesNotMatch(stdout, /somewhere|10\.1\.2\.1/);
    const dumped = await parsePreseed(stdout);
    assert.deepEqual(dumped.projects.map(({ name }) => name).sort(), ['default', 'team']);
    assert.equal((await yurt(['init', '--preseed'], stdout)).stdout, 'Everything is so already: nothing was changed\n');
  });

  it('--auto leaves a server that is ready alone, and opens it when that is asked for', async () => {
    const { code, stdout, stderr } = await yurt(['init', '--auto']);
    assert.deepEqual([code, stdout], [0, 'Everything is so already: nothing was changed\n']);
    assert.match(stderr, /^Storage pools: default \(overlay\), fast \(overlay\)\nNetworks: yurtbr0 \(10.1.2.1\/24\)\n/);
    await yurt(['init', '--auto', '--network-address', 'fd42::1']);
    assert.deepEqual(config, { 'core.https_address': '[fd42::1]:8443' });
    await yurt(['init', '--auto']);
    assert.deepEqual(config, { 'core.https_address': '[fd42::1]:8443' });
    profiles.set('default/default', { name: 'default', project: 'default', etag: '0' });
    await yurt(['init', '--auto']);
    assert.deepEqual(profiles.get('default/default')?.devices, devices);
  });

  /** Answers on a terminal, one after the other. */
  async function answering(...answers: string[]) {
    const stdin = new PassThrough();
    stdin.end(answers.map((answer) => `${answer}\n`).join(''));
    const terminal = new FakeTerminal({ stdin, tty: true });
    const code = await runProgram(['init'], { YURT_SOCKET: server.socket }, terminal);
    return { code, stdout: terminal.output.text, stderr: terminal.error.text };
  }

  it('asks on a terminal, and again for what cannot be', async () => {
    const answers = ['slow', 'fast', '', 'perhaps', 'yes', 'x', '10.0.0.1', '70000', '', 'no'];
    const { code, stdout, stderr } = await answering(...answers);
    assert.equal(code, 0, stderr);
    assert.match(stderr, /Invalid answer: "slow" is none of default, fast/);
    assert.match(stderr, /"x" is no IP address/);
    assert.match(stderr, /"70000" is no port/);
    assert.equal(stdout, 'Profile "default" of project "default" changed\nConfiguration of the server changed\n');
    assert.deepEqual(config, { 'core.https_address': '10.0.0.1:8443' });
    assert.equal(profiles.get('default/default')?.devices?.['root']?.options?.['pool'], 'fast');
  });

  it('asks again when the server refuses, with the answers as they were', async () => {
    const { code, stderr } = await answering('fast', '', 'yes', '10.9.9.9', '', 'no', '', '', '', 'all', '', 'no');
    assert.equal(code, 0, stderr);
    assert.match(stderr, /Error: Cannot listen there/);
    assert.match(stderr, /\[default=fast\]: .*\[default=10\.9\.9\.9\]/s);
    assert.deepEqual(config, { 'core.https_address': ':8443' });
  });

  it('changes nothing when the answers end', async () => {
    const before = world();
    const { code, stderr } = await answering('fast');
    assert.deepEqual([code, /No answer was given/.test(stderr)], [1, true]);
    assert.deepEqual(world(), before);
  });

  it('is two commands, and says so when they are mixed', async () => {
    for (const [argv, reason] of [
      [['init', 'tiny', '--auto'], /--auto sets the server up: it takes no image/],
      [['init', '--auto', '--dump'], /exclude each other/],
      [['init', '-c', 'a=b'], /--config is for a new instance: name its image/],
      [['init', '-e', '--auto'], /--ephemeral is for a new instance, --auto sets the server up/],
      [['init', '--network-port', '1'], /go with --auto/],
      [['init'], /no terminal to ask on/],
    ] as const) {
      const { code, stderr } = await yurt([...argv]);
      assert.deepEqual([code, reason.test(stderr)], [1, true], stderr);
    }
  });
});
