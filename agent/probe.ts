import { existsSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import { type InitState, initStates } from '../proto/agent/messages.ts';
import type { Children } from './children.ts';
import { Command } from './command.ts';
import type { Launcher } from './launcher.ts';

/** One word and a line feed. */
const maxAnswerBytes = 64;

export interface Probe {
  /** Ends it without an answer. */
  close(): void;
}

/**
 * Asks the init of the instance how far the boot has come, and waits with systemd until it has finished. `none` is the
 * answer of an init that knows no such state.
 */
export function probeInit(children: Children, launcher: Launcher, answer: (state: InitState) => void): Probe {
  if (!existsSync('/run/systemd/system')) {
    answer(initIsSystemd() ? 'initializing' : 'none');
    return { close() {} };
  }
  let text = '';
  const done = () => answer(initStates.find((state) => state === text.trim()) ?? 'unknown');
  const command = new Command(children, launcher, systemctl, {
    output: (channel, bytes) => {
      if (channel === 'stdout') text += bytes.toString('latin1');
      return true;
    },
    started: () => {
      command.closeStdin();
      command.grant('stdout', maxAnswerBytes);
      command.grant('stderr', maxAnswerBytes);
    },
    stdinWindow() {},
    ended: done,
    failed: done,
  });
  return command;
}

const systemctl = {
  argv: ['systemctl', 'is-system-running', '--wait'],
  environment: {},
  user: 0,
  group: 0,
  cwd: '',
};

/** Before it has made its directories, too. */
function initIsSystemd(): boolean {
  try {
    return basename(readlinkSync('/proc/1/exe')) === 'systemd';
  } catch {
    return false;
  }
}
