import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { globalOptions } from '../arguments/global-options.ts';
import { commandAt, suggestions } from '../commands/find.ts';
import { commands, groups } from '../commands/table.ts';
import { runInProcess } from '../testing/fake-terminal.ts';
import { assertGolden } from '../testing/goldens.ts';
import { commandReference } from './reference.ts';

const commandFolder = join(import.meta.dirname, '../commands');

async function output(...argv: string[]) {
  const { code, stdout, stderr } = await runInProcess('/nowhere', argv);
  return { code, stdout, stderr };
}

describe('help', () => {
  for (const [name, argv] of [
    ['program', []],
    ['group', ['image']],
    ['launch', ['launch', '--help']],
    ['exec', ['help', 'exec']],
  ] as const) {
    it(`of ${name} reads well`, async () => {
      const { code, stdout, stderr } = await output(...argv);
      assert.deepEqual([code, stderr], [0, '']);
      assertGolden(import.meta.dirname, `${name}.txt`, stdout);
    });
  }

  it('is the same by every way', async () => {
    const first = (await output('image', 'list', '--help')).stdout;
    for (const argv of [
      ['image', 'ls', '-h'],
      ['help', 'image', 'list'],
      ['--help', 'image', 'list'],
      ['image', 'list', 'x', 'y', '-h'],
    ]) {
      assert.equal((await output(...argv)).stdout, first);
    }
  });

  it('suggests what a mistyped command may have meant', async () => {
    assert.deepEqual(await output('lanch'), {
      code: 1,
      stdout: '',
      stderr: 'Error: unknown command "lanch" for "yurt". Did you mean "launch"?\n',
    });
    assert.deepEqual(suggestions('sto'), ['stop', 'storage']);
    assert.equal(
      (await output('image', 'destroy')).stderr,
      'Error: unknown command "destroy" for "yurt image"\nRun "yurt image --help" for the usage\n',
    );
  });

  it('tells the version', async () => {
    const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8'));
    assert.equal((await output('--version')).stdout, `${version}\n`);
    assert.equal((await output('list', '--version')).stdout, `${version}\n`);
  });
});

describe('the command table', () => {
  it('and the folder of commands are one', () => {
    const files = readdirSync(commandFolder).filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'));
    assert.deepEqual(
      files.filter((name) => !/^(command|find|table.*)\.ts$/.test(name)).sort(),
      commands.map(({ path }) => `${path.join('-')}.ts`).sort(),
    );
    assert.equal(existsSync(join(commandFolder, 'launch.ts')), true);
  });

  for (const spec of commands) {
    const name = spec.path.join(' ');
    it(`loads ${name}`, async () => {
      assert.equal(typeof (await spec.load()).run, 'function');
      assert.equal(commandAt(spec.path), spec);
      for (const alias of spec.aliases ?? []) assert.equal(commandAt([...spec.path.slice(0, -1), alias]), spec);
      for (let depth = 1; depth < spec.path.length; depth += 1) {
        assert.ok(Object.hasOwn(groups, spec.path.slice(0, depth).join(' ')), name);
      }
      // A verb of one field may have the name of a group of the other: then only the group is listed.
      assert.equal(Object.hasOwn(groups, name), spec.hidden === true && Object.hasOwn(groups, name));
    });

    it(`has options of ${name} that cannot be mistaken`, () => {
      const options = [...(spec.options ?? []), ...globalOptions];
      const words = options.flatMap(({ name: long, short }) => [long, ...(short === undefined ? [] : [short])]);
      assert.deepEqual([...new Set(words)], words);
      for (const { doc } of options) assert.match(doc, /^[A-Z].*[^.]$|^[a-z].*[^.]$/);
    });
  }
});

describe('docs/reference/commands.md', () => {
  it('is what the command table says', () => {
    const path = join(import.meta.dirname, '../../docs/reference/commands.md');
    assert.equal(readFileSync(path, 'utf8'), commandReference(), 'run bin/node tui/write-reference.ts');
  });
});
