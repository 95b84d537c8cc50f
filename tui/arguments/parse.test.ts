import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { CommandSpec } from '../commands/command.ts';
import { checkCount, type Parsed, parseArguments as parse, progressOf } from './parse.ts';
import { UsageError } from './usage-error.ts';

/** As the program does for arguments that name no server. */
function parseArguments(spec: Parameters<typeof parse>[0], argv: readonly string[]): Parsed {
  const parsed = parse(spec, argv);
  if (!parsed.help && !parsed.version) checkCount(spec, parsed.input.arguments);
  return parsed;
}

const spec: Pick<CommandSpec, 'arguments' | 'options'> = {
  arguments: [{ name: 'image' }, { name: 'name', optional: true }],
  options: [
    { name: 'config', short: 'c', value: 'KEY=VALUE', repeatable: true, doc: '' },
    { name: 'format', short: 'f', value: 'FORMAT', doc: '' },
    { name: 'ephemeral', short: 'e', doc: '' },
    { name: 'console', optionalValue: true, doc: '' },
  ],
};
const exec: Pick<CommandSpec, 'arguments' | 'options' | 'passThrough'> = {
  arguments: [{ name: 'instance' }, { name: 'command', variadic: true }],
  options: [
    { name: 'env', value: 'KEY=VALUE', repeatable: true, doc: '' },
    { name: 'cwd', value: 'DIRECTORY', doc: '' },
    { name: 'force-interactive', short: 't', doc: '' },
  ],
  passThrough: true,
};

describe('the arguments of a command', () => {
  for (const argv of [
    ['-f', 'csv', 'img', 'web'],
    ['img', 'web', '-f', 'csv'],
    ['img', '-fcsv', 'web'],
    ['img', '-f=csv', 'web'],
    ['img', '--format', 'csv', 'web'],
    ['--format=csv', 'img', '--', 'web'],
    ['-ef', 'csv', 'img', 'web'],
  ]) {
    it(`finds the format in ${argv.join(' ')}`, () => {
      const { input } = parseArguments(spec, argv);
      assert.deepEqual([input.value('format'), input.arguments], ['csv', ['img', 'web']]);
    });
  }

  it('keeps every value of a repeatable option, in order and to the letter', () => {
    const { input } = parseArguments(spec, ['img', '-c', 'a=1', '--config', 'b=x=y', '-cc= z', '-c', '-1']);
    assert.deepEqual(input.values('config'), ['a=1', 'b=x=y', 'c= z', '-1']);
  });

  it('takes switches with and without a value', () => {
    const flag = (argv: string[]) => parseArguments(spec, ['img', ...argv]).input.flag('ephemeral');
    assert.deepEqual(
      [flag([]), flag(['-e']), flag(['--ephemeral']), flag(['-e', '--ephemeral=false'])],
      [false, true, true, false],
    );
  });

  it('takes a switch that may carry a value', () => {
    const value = (argv: string[]) => parseArguments(spec, ['img', ...argv]).input.value('console');
    assert.deepEqual([value([]), value(['--console']), value(['--console=vga'])], [undefined, 'true', 'vga']);
  });

  it('finds global options anywhere', () => {
    const { global } = parseArguments(spec, ['-q', 'img', '--project', 'p1', '--debug']);
    assert.deepEqual(global, { remote: '', project: 'p1', debug: true, verbose: false, quiet: true });
  });

  for (const [argv, message] of [
    [['img', '-x'], "unknown shorthand flag: 'x' in -x"],
    [['img', '-ex'], "unknown shorthand flag: 'x' in -ex"],
    [['img', '--nope=1'], 'unknown flag: --nope'],
    [['img', '-f'], 'flag needs an argument: -f'],
    [['img', '--ephemeral=perhaps'], 'invalid argument "perhaps" for "--ephemeral": it is a switch'],
    [[], 'Invalid number of arguments'],
    [['a', 'b', 'c'], 'Invalid number of arguments'],
  ] as const) {
    it(`refuses ${JSON.stringify(argv)}`, () => {
      assert.throws(() => parseArguments(spec, argv), new UsageError(message));
    });
  }

  it('asks for no arguments when help is wanted', () => {
    assert.equal(parseArguments(spec, ['--help']).help, true);
  });

  it('does not find options that the command lacks', () => {
    assert.throws(() => parseArguments(spec, ['img']).input.flag('force'), /no option --force/);
  });
});

describe('the arguments of exec', () => {
  const command = ['ls', '-l', '--env', 'x', '--', '-t'];
  for (const argv of [
    ['web', '--', ...command],
    ['web', ...command],
    ['-t', '--cwd', '/x', 'web', ...command],
    ['web', '-t', '--cwd=/x', ...command],
    ['web', '-t', '--cwd=/x', '--', ...command],
    ['-t', '--cwd', '/x', 'web', '--', ...command],
    ['-t', '--cwd', '/x', '--', 'web', ...command],
  ]) {
    it(`leaves the command alone in ${argv.join(' ')}`, () => {
      const { input } = parseArguments(exec, argv);
      assert.deepEqual(input.arguments, ['web', ...command]);
      const own = argv.includes('-t') && argv.indexOf('-t') < argv.indexOf('ls');
      assert.deepEqual([input.flag('force-interactive'), input.value('cwd')], own ? [true, '/x'] : [false, undefined]);
    });
  }

  it('passes a command that begins with a dash after the dashes', () => {
    assert.deepEqual(parseArguments(exec, ['web', '--', '-x', 'y']).input.arguments, ['web', '-x', 'y']);
  });

  it('needs a command', () => {
    assert.throws(() => parseArguments(exec, ['web']), UsageError);
    assert.throws(() => parseArguments(exec, ['web', '--']), UsageError);
  });
});

describe('a command line that is being typed', () => {
  it('knows the option that waits for a value', () => {
    assert.equal(progressOf(spec, ['img', '-f']).waiting?.name, 'format');
    assert.equal(progressOf(spec, ['img', '-f', 'csv']).waiting, undefined);
    assert.equal(progressOf(spec, ['img', '-e']).waiting, undefined);
  });

  it('knows where another program begins', () => {
    assert.equal(progressOf(exec, ['web']).passed, false);
    assert.equal(progressOf(exec, ['web', 'ls']).passed, true);
    assert.equal(progressOf(exec, ['web', '--']).passed, true);
  });
});
