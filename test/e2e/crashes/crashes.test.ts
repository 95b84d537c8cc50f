import assert from 'node:assert/strict';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { eventually } from '../harness/eventually.ts';
import { withStateOf } from '../harness/template.ts';
import { CrashWorld, changes } from './crash-world.ts';

const timeout = 10 * 60_000;
/** More steps than any command has. */
const maxSteps = 160;

/** What holds after a crash and the start of the next server, whichever step it was; then what is left is removed. */
interface Verb {
  readonly args: readonly string[];
  readonly prepare?: () => Promise<unknown>;
  readonly check: () => Promise<void>;
  /** Steps that it must have come to: else this proves less than it says. */
  readonly steps: readonly RegExp[];
}

describe('a server that is killed at any step', { timeout: 40 * 60_000 }, () => {
  let world: CrashWorld;
  let uuid: string;
  let backup: string;

  before(async () => {
    world = await CrashWorld.start();
    backup = join(world.files, 'web.tar');
    await world.yurt.ok('launch', 'tiny', 'web');
    await sh('web', 'echo one > /root/file');
    await world.yurt.ok('snapshot', 'web', 'snap0');
    await world.yurt.ok('export', 'web', backup, '--compression', 'none');
    uuid = JSON.parse(await world.yurt.ok('list', 'web', '-f', 'json'))[0].uuid;
  });
  after(async () => await world[Symbol.asyncDispose]());

  const sh = async (name: string, script: string) =>
    (await world.yurt.ok('exec', name, '--', 'sh', '-c', script)).trim();
  const state = async (name: string) => (await world.yurt.ok('list', `^${name}$`, '-f', 'csv', '-c', 's')).trim();
  const snapshots = async (name: string) =>
    (await world.yurt.ok('snapshot', 'list', name, '-f', 'csv')).split('\n').map((line) => line.split(',')[0]);
  const webIsWhole = async () => {
    await eventually(async () => assert.equal(await state('web'), 'RUNNING'));
    assert.equal(await sh('web', 'cat /root/file'), 'one');
  };

  /** One that was made is whole, whether the server starts it by itself or not; it goes. */
  async function whole(name: string, content: string | undefined): Promise<void> {
    if ((await state(name)) === '') return;
    await eventually(async () => {
      // One that was being killed may still be there for a moment.
      if ((await state(name)) !== 'RUNNING') await world.yurt.ok('start', name);
      if (content !== undefined) assert.equal(await sh(name, 'cat /root/file'), content);
    });
    await world.yurt.ok('delete', '--force', name);
  }

  async function eachStep({ args, prepare, check, steps: expected }: Verb): Promise<void> {
    await webIsWhole();
    const before = await world.residue(uuid);
    const seen = new Set<string>();
    for (const moment of ['before', 'begun'] as const) {
      for (let step = 1; ; step += 1) {
        assert.ok(step < maxSteps, 'a command without an end');
        await prepare?.();
        const { died, steps } = await world.crash(args, { step, moment });
        for (const name of steps) seen.add(name);
        await check();
        await eventually(async () =>
          assert.deepEqual(changes(before, await world.residue(uuid)), [], `${moment} ${steps.at(-1)}`),
        );
        if (!died) break;
      }
    }
    for (const name of expected)
      assert.ok(
        [...seen].some((each) => name.test(each)),
        `${name}: ${[...seen]}`,
      );
  }

  it('of a launch leaves a whole instance or none', { timeout }, async () => {
    await eachStep({
      args: ['launch', 'tiny', 'new'],
      check: () => whole('new', undefined),
      steps: [/^commit put instance, put idrange/, /^mount a root/, /^conmon/, /^ip/],
    });
  });

  it('of a copy leaves a whole one or none, and the original runs', { timeout }, async () => {
    await eachStep({
      args: ['copy', 'web', 'new'],
      check: async () => {
        await webIsWhole();
        if ((await state('new')) !== '') assert.ok((await snapshots('new')).includes('snap0'));
        await whole('new', 'one');
      },
      steps: [/^commit put instance, put idrange/, /^commit put freeze/, /^commit put snapshot/, /^cp/],
    });
  });

  it('of a snapshot leaves a whole one or none, and the instance runs', { timeout }, async () => {
    await eachStep({
      args: ['snapshot', 'create', 'web', 'new'],
      check: async () => {
        await webIsWhole();
        if (!(await snapshots('web')).includes('new')) return;
        await world.yurt.ok('restore', 'web', 'new');
        await webIsWhole();
        await world.yurt.ok('snapshot', 'delete', 'web/new');
      },
      steps: [/^commit put snapshot/, /^commit put freeze/, /^commit remove freeze/, /^cp/],
    });
  });

  it('of a restore has restored everything or nothing, and the instance runs', { timeout }, async () => {
    await eachStep({
      args: ['restore', 'web', 'snap0'],
      prepare: async () => await sh('web', 'echo two > /root/file; touch /root/second'),
      check: async () => {
        await eventually(async () => assert.equal(await state('web'), 'RUNNING'));
        assert.match(await sh('web', 'cat /root/file; ls /root'), /^(?:one\nfile|two\nfile\nsecond)$/);
        await sh('web', 'echo one > /root/file; rm -f /root/second');
      },
      steps: [/^commit put instance/, /^rm/, /^conmon/],
    });
  });

  it('of an export leaves no part of a file, and the instance runs', { timeout }, async () => {
    await eachStep({
      args: ['export', 'web', join(world.files, 'new.tar'), '--compression', 'none'],
      check: async () => {
        await webIsWhole();
        assert.deepEqual(await snapshots('web'), ['snap0', '']);
        assert.deepEqual(
          readdirSync(world.files).filter((name) => !['web.tar', 'tmp', 'new.tar'].includes(name)),
          [],
        );
        if (!existsSync(join(world.files, 'new.tar'))) return;
        await world.yurt.ok('import', join(world.files, 'new.tar'), 'new');
        await whole('new', 'one');
        rmSync(join(world.files, 'new.tar'));
      },
      steps: [/^commit put snapshot/, /^mount a root/, /^tar/, /^unmount/, /^commit remove snapshot/],
    });
  });

  it('of an import leaves a whole instance or none', { timeout }, async () => {
    await eachStep({
      args: ['import', backup, 'new'],
      check: async () => {
        if ((await state('new')) !== '') assert.deepEqual(await snapshots('new'), ['snap0', '']);
        await whole('new', 'one');
      },
      steps: [/^commit put instance, put idrange/, /^tar/, /^commit put snapshot/, /^rm/],
    });
  });

  it('of a publish leaves a whole image or none, and what ran runs', { timeout }, async () => {
    const images = async () =>
      JSON.parse(await world.yurt.ok('image', 'list', '-f', 'json')) as { fingerprint: string }[];
    const [original] = (await images()).map(({ fingerprint }) => fingerprint);
    await eachStep({
      args: ['publish', 'web', '--force', '--alias', 'made'],
      check: async () => {
        await webIsWhole();
        assert.deepEqual(await snapshots('web'), ['snap0', '']);
        for (const { fingerprint } of await images()) {
          if (fingerprint === original) continue;
          await world.yurt.ok('launch', 'made', 'new');
          await whole('new', 'one');
          await world.yurt.ok('image', 'delete', fingerprint);
        }
      },
      steps: [/^commit put snapshot/, /^conmon/, /^tar/, /^commit put image/, /^commit remove snapshot/],
    });
  });

  it('of the refreshing of a copy leaves it whole, as it was or as its original is', { timeout }, async () => {
    await world.yurt.ok('copy', 'web', 'standby', '--instance-only');
    await eachStep({
      args: ['copy', 'web', 'standby', '--refresh'],
      prepare: async () => await sh('web', 'touch /root/$RANDOM.new'),
      check: async () => {
        await webIsWhole();
        assert.ok(['snap0', ''].includes((await snapshots('standby'))[0] ?? ''));
        await world.yurt.ok('start', 'standby');
        assert.equal(await sh('standby', 'cat /root/file'), 'one');
        await world.yurt.ok('delete', '--force', 'standby');
        await world.yurt.ok('copy', 'web', 'standby', '--instance-only');
      },
      steps: [/^commit put snapshot/, /^commit put instance/, /^commit put freeze/],
    });
    await world.yurt.ok('delete', 'standby');
  });

  it('of a delete leaves a whole instance or none', { timeout }, async () => {
    await eachStep({
      args: ['delete', '--force', 'new'],
      prepare: async () => {
        await world.yurt.ok('copy', 'web', 'new');
        await world.yurt.ok('start', 'new');
      },
      check: () => whole('new', 'one'),
      steps: [/^commit put instance/, /^rm/, /^commit remove instance, remove idrange/],
    });
  });

  it('has left nothing in the pool and in the records, when the last instance is gone', { timeout }, async () => {
    const { yurt } = world;
    await yurt.ok('delete', '--force', 'web');
    await eventually(async () => assert.deepEqual(await world.pool(), []));
    await yurt.signal('SIGTERM');
    const keys = await withStateOf(yurt.directory, async (store) => await store.keys(''));
    const kinds = new Set(keys.map((key) => key.replace(/\/.*/, '')));
    for (const kind of ['instance', 'instance-metadata', 'snapshot', 'idrange', 'freeze'])
      assert.ok(!kinds.has(kind), kind);
    assert.equal(keys.filter((key) => key.startsWith('image/')).length, 1);
    await yurt.up();
  });
});
