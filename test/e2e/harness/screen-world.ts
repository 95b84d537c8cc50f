import assert from 'node:assert/strict';
import { Daemon } from './daemon.ts';
import { eventually } from './eventually.ts';
import { Screen } from './screen.ts';
import { template } from './template.ts';

/** How long a test of the screen may take: under emulation everything takes many times as long. */
export const longMs = 4 * 60_000;

export const small = { columns: 80, rows: 24 };
export const wide = { columns: 120, rows: 40 };

/** A server with the image `tiny`, and screens that look at it. */
export class ScreenWorld implements AsyncDisposable {
  readonly yurt: Daemon;

  private constructor(yurt: Daemon) {
    this.yurt = yurt;
  }

  static async start(): Promise<ScreenWorld> {
    return new ScreenWorld(await Daemon.start(await template('tiny')));
  }

  open(env: Readonly<Record<string, string>> = {}, size = small): Screen {
    return new Screen({ YURT_DIR: this.yurt.directory, ...env }, size);
  }

  /** Deletes all instances of these projects; one that does not exist has none. */
  async clear(...projects: readonly string[]): Promise<void> {
    for (const project of ['default', ...projects]) {
      const { stdout } = await this.yurt.yurt(['list', '--project', project, '-f', 'csv', '-c', 'n']);
      const names = stdout.split('\n').filter(Boolean);
      if (names.length > 0) await this.yurt.ok('delete', '--force', '--project', project, ...names);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.clear();
    await this.yurt[Symbol.asyncDispose]();
  }
}

/** Waits until the screen was left, and checks that its terminal is as it was before. */
export async function leaves(screen: Screen, code = '0'): Promise<void> {
  const ended = await screen.ended();
  assert.equal(ended.code, code);
  assert.equal(ended.after, ended.before);
  await eventually(() => assert.equal(screen.buffer, 'normal'));
  assert.equal(screen.modes.bracketedPasteMode, false);
  assert.equal(screen.modes.mouseTrackingMode, 'none');
  assert.ok(screen.output.lastIndexOf('\x1b[?25h') >= screen.output.lastIndexOf('\x1b[?25l'), 'the cursor is shown');
}
