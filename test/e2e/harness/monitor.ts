import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { type Daemon, projectRoot } from './daemon.ts';

/** `yurt monitor` on a daemon, and what it has printed so far. */
export class Monitor implements Disposable {
  readonly #child: ChildProcess;
  output = '';

  constructor(daemon: Daemon, ...args: string[]) {
    this.#child = spawn(join(projectRoot, 'bin/yurt'), ['monitor', '--all-projects', '--pretty', ...args], {
      env: { ...process.env, YURT_DIR: daemon.directory },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.#child.stdout?.on('data', (data) => {
      this.output += data;
    });
  }

  [Symbol.dispose](): void {
    this.#child.kill();
  }
}
