import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Instance } from '../../proto/gen/yurt/v1/Instance.ts';
import { runInProcess } from '../testing/fake-terminal.ts';
import { assertGolden } from '../testing/goldens.ts';
import { hostileInstances, instances } from '../testing/samples.ts';
import { ScriptedServer } from '../testing/scripted-server.ts';

const allColumns = 'nsd46tSabcDefFlmMNpPu';

async function list(argv: readonly string[], shown: readonly Instance[] = instances): Promise<string> {
  await using server = await ScriptedServer.start();
  server.on('InstanceService', 'ListInstances', () => ({ instances: [...shown] }));
  const { code, stdout, stderr } = await runInProcess(server.socket, ['list', ...argv]);
  assert.deepEqual([code, stderr], [0, '']);
  return stdout;
}

async function names(...argv: string[]): Promise<string[]> {
  return (await list(['-c', 'n', '-f', 'csv', ...argv])).split('\n').filter((name) => name !== '');
}

describe('yurt list', () => {
  for (const [name, argv] of [
    ['table', []],
    ['compact', ['-f', 'compact']],
    ['markdown', ['-f', 'markdown']],
    ['csv', ['-f', 'csv']],
    ['csv-header', ['-f', 'csv,header', '-c', allColumns]],
    ['json', ['-f', 'json']],
    ['yaml', ['-f', 'yaml']],
    ['fast', ['--fast']],
    ['keys', ['-c', 'n,limits.memory:LIMIT,user.role::3,devices:root.pool:POOL,config:security.privileged']],
  ] as const) {
    it(`shows instances as ${name}`, async () => {
      assertGolden(import.meta.dirname, `list-${name}.txt`, await list(argv));
    });
  }

  it('of nothing shows a header', async () => {
    assertGolden(import.meta.dirname, 'list-empty.txt', await list([], []));
    assert.equal(await list(['-f', 'json'], []), '[]\n');
    assert.equal(await list(['-f', 'csv'], []), '');
  });

  for (const format of ['table', 'compact', 'csv', 'json', 'yaml', 'markdown']) {
    it(`lets no instance act upon the terminal as ${format}`, async () => {
      const text = await list(['-c', `${allColumns},user.evil`, '-f', format], hostileInstances);
      assert.doesNotMatch(text, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
      assertGolden(import.meta.dirname, `list-hostile-${format}.txt`, text);
    });
  }

  const nothing = {
    ...{ project: '', allProjects: false, withoutState: true, withoutConfig: true },
    ...{ stateParts: [], configKeys: [] },
  };
  const whole = ['STATE_PART_RUN', 'STATE_PART_NETWORK', 'STATE_PART_RESOURCES'];
  const state = (...stateParts: string[]) => ({ withoutState: false, stateParts });
  for (const [argv, expected] of [
    [['list'], state('STATE_PART_NETWORK')],
    [['list', '-c', 'nsP'], {}],
    [['list', '-c', 'np'], state('STATE_PART_RUN')],
    [['list', '-c', 'nmuN'], state('STATE_PART_RESOURCES')],
    [['list', '-c', 'nD'], state('STATE_PART_DISK')],
    [['list', '-c', 'nb'], { withoutConfig: false }],
    [['list', '-c', 'ns', 'ipv4=10.0.0.0/8'], state('STATE_PART_NETWORK')],
    [['list', '-f', 'json', '-c', 'n'], { ...state(...whole), withoutConfig: false }],
    [['list', '-f', 'yaml', '--fast'], { withoutConfig: false }],
    [['ls', '--project', 'p', '--fast'], { project: 'p' }],
    [['list', '--all-projects', '-c', 'e'], { allProjects: true }],
    [
      ['list', '-c', 'limits.memory:M,devices:root.pool', 's.privileged=true', 'status=running'],
      { configKeys: ['s.privileged', 'limits.memory'], withoutConfig: false },
    ],
  ] as const) {
    it(`asks for no more than it needs: ${argv.join(' ')}`, async () => {
      await using server = await ScriptedServer.start();
      server.on('InstanceService', 'ListInstances', () => ({ instances: [] }));
      assert.equal((await runInProcess(server.socket, argv)).code, 0);
      assert.deepEqual(server.requestsOf('InstanceService/ListInstances'), [{ ...nothing, ...expected }]);
    });
  }

  it('tells the projects of instances apart', async () => {
    const shown = instances.map((instance, index) => ({ ...instance, project: index === 1 ? 'blue' : 'default' }));
    const text = await list(['--all-projects', '-f', 'csv', '-c', 'en'], shown);
    assert.equal(text, 'blue,web9\ndefault,db\ndefault,web10\n');
    assert.match(await list(['--all-projects', '-f', 'compact'], shown), /^PROJECT +NAME/);
  });

  it('is not held up by an expression that would take for ever', { timeout: 20_000 }, async () => {
    const shown = [{ ...instances[0], name: `${'a'.repeat(62)}b` }];
    assert.equal(await list(['-f', 'csv', '(a+)+'], shown), '');
  });

  for (const [filters, expected] of [
    [['web'], ['web9', 'web10']],
    [['^web9$'], ['web9']],
    [['^web'], ['web9', 'web10']],
    [['0$'], ['web10']],
    [['web.*0'], ['web10']],
    [['b'], []],
    [['status=RUNNING,frozen'], ['db', 'web10']],
    [['type=ephemeral'], ['web9']],
    [['type=container', 'architecture=aarch64'], ['db']],
    [['u.role=fr.*'], ['web9', 'web10']],
    [['s.privileged=true'], ['web10']],
    [['s.privileged=tru'], []],
    [['limits.memory=512MiB'], ['web10']],
    [['ipv4=10.83.19.0/24'], ['web10']],
    [['ipv4=10.83.19.203,10.83.19.204'], ['web10']],
    [['ipv4=10.83.19.203'], []],
    [['ipv6=fd42::/16'], ['web10']],
    [['(', 'web'], []],
  ] as const) {
    it(`filters by ${filters.join(' ')}`, async () => {
      assert.deepEqual(await names(...filters), expected);
    });
  }

  for (const [argv, message] of [
    [['-c', 'nZ'], "Unknown column shorthand char 'Z' in 'nZ'"],
    [['-c', ''], 'Empty column list'],
    [['-c', 'user.a:b:c:d'], 'Invalid column "user.a:b:c:d": it reads [config:|devices:]key[:title][:width]'],
    [['--fast', '-c', 'n'], "Can't specify --fast with --columns"],
    [['statsu=running'], 'Unknown filter "statsu"; did you mean "status"?'],
    [['location=here'], 'Unknown filter "location"'],
    [['a'.repeat(257)], `The expression ${'a'.repeat(20)}… is longer than 256 characters`],
    [
      ['-f', 'xml'],
      'Invalid format "xml": it is one of table, csv, json, yaml, compact, markdown, with ",noheader" or ",header" after it',
    ],
    [['ipv4=fd42::1'], 'Invalid ipv4 filter "fd42::1": it is an address or a network like 10.0.0.0/8'],
  ] as const) {
    it(`refuses ${argv.join(' ')} before it asks the server`, async () => {
      const { code, stdout, stderr } = await runInProcess('/nowhere', ['list', ...argv]);
      assert.deepEqual([code, stdout], [1, '']);
      assert.equal(stderr, `Error: ${message}\nRun "yurt list --help" for the usage\n`);
    });
  }
});
