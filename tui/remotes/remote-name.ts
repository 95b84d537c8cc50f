import { unknownRemote } from '../arguments/remote-words.ts';
import { Failure } from '../client/failure.ts';
import { remoteNamePattern } from '../settings/client-certificate.ts';
import { localRemote, type Settings } from '../settings/settings.ts';

/** A `Failure` unless a remote can have that name, and none has it. */
export function checkNewRemote(settings: Settings, name: string): void {
  if (!remoteNamePattern.test(name)) {
    const rule = 'must be 1 to 63 letters, digits, ".", "_" or "-", and begin with a letter or digit';
    throw new Failure(`Invalid name "${name}" of a remote: it ${rule}`);
  }
  if (Object.hasOwn(settings.remotes, name)) throw new Failure(`The remote "${name}" exists already`);
}

/** A `Failure` unless it is a remote that was added. `without:` or not, it is the same. */
export function addedRemote(settings: Settings, word: string): string {
  const name = word.replace(/:$/, '');
  if (name === localRemote)
    throw new Failure('The remote "local" is this host: it is always there, and stays as it is');
  if (!Object.hasOwn(settings.remotes, name)) throw unknownRemote(name, Object.keys(settings.remotes));
  return name;
}

/** Without one of them. */
export function withoutRemote(settings: Settings, name: string): Settings {
  const remotes = Object.fromEntries(Object.entries(settings.remotes).filter(([other]) => other !== name));
  return { ...settings, remotes };
}
