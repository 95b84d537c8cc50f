import { accessSync, constants } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { Failure } from '../client/failure.ts';
import type { Context } from '../commands/command.ts';

/** What is tried when neither VISUAL nor EDITOR says anything. */
const usualEditors = ['editor', 'vi', 'emacs', 'nano'];

/**
 * The text after the user has edited it with `$VISUAL`, `$EDITOR` or a usual editor: a program and its arguments,
 * separated by spaces; no shell reads them. The file is readable by the user alone and gone afterwards.
 */
export async function editText(
  { env, terminal }: Pick<Context, 'env' | 'terminal'>,
  text: string,
  fileName: 'document.yaml' | 'template' = 'document.yaml',
): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'yurt-edit-'));
  try {
    const file = join(directory, fileName);
    await writeFile(file, text, { mode: 0o600 });
    await runEditor({ env, terminal }, file);
    return await readFile(file, 'utf8');
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Lets the user edit a file, with the same program. */
export async function runEditor({ env, terminal }: Pick<Context, 'env' | 'terminal'>, file: string): Promise<void> {
  const [program, ...args] = editorOf(env);
  // While it runs, ctrl+c is a key of the editor.
  const off = [terminal.onSignal('SIGINT', () => {})];
  try {
    const { spawn } = await import('node:child_process');
    const child = spawn(program, [...args, file], { stdio: 'inherit' });
    // An editor that stayed would have the terminal for itself.
    for (const signal of ['SIGTERM', 'SIGHUP'] as const) {
      off.push(terminal.onSignal(signal, () => void child.kill(signal)));
    }
    const code = await new Promise<number | string>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (status, signal) => resolve(status ?? signal ?? ''));
    }).catch((error: Error) => {
      throw new Failure(`The editor "${program}" cannot be run: ${error.message}`, { cause: error });
    });
    if (code !== 0) throw new EditorFailed(`The editor "${program}" ended with ${code}: nothing is changed`);
  } finally {
    for (const remove of off) remove();
  }
}

/** Not a `Failure`: a document that is wrong opens the editor again, an editor that fails must not. */
class EditorFailed extends Error {
  override readonly name = 'EditorFailed';
}

function editorOf(env: Context['env']): [program: string, ...args: string[]] {
  for (const name of ['VISUAL', 'EDITOR']) {
    const [program, ...args] = (env[name] ?? '').split(/\s+/).filter((word) => word !== '');
    if (program !== undefined) return [program, ...args];
  }
  const found = usualEditors.find((name) => isInPath(name, env['PATH'] ?? ''));
  if (found === undefined) {
    throw new Failure('No editor found: set the environment variable EDITOR, or give the document on stdin');
  }
  return [found];
}

function isInPath(name: string, path: string): boolean {
  return path.split(delimiter).some((directory) => {
    try {
      accessSync(join(directory, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
