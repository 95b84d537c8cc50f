import { Fault, type FaultCode } from '../base/fault.ts';

/** What the OCI runtimes say, for cases in which a user can do something about it. First match wins. */
const known: readonly { readonly pattern: RegExp; readonly code: FaultCode }[] = [
  { pattern: /container (with id )?.* does not exist|container not running/i, code: 'not-found' },
  { pattern: /container (with given ID|`.*`|.*) already exists/i, code: 'already-exists' },
  { pattern: /no space left on device/i, code: 'exhausted' },
  { pattern: /cannot allocate memory|resource temporarily unavailable|too many open files/i, code: 'exhausted' },
  {
    pattern:
      /exec(utable file)? .*(not found|no such file)|exec: .*(no such file|permission denied|exec format error)/i,
    code: 'invalid',
  },
  { pattern: /cgroups in hybrid mode not supported/i, code: 'unsupported' },
];

/** More of a message than this is no help to anybody. */
const maxMessageLength = 1000;

/** The fault for words that `engine` printed when it failed: their last lines, without log decoration. */
export function runtimeFault(engine: string, words: string): Fault {
  const text = words
    .split('\n')
    .filter((line) => !/\blevel=(warning|info|debug)\b/.test(line))
    .map(undecorated)
    .filter((line) => line !== '')
    .slice(-3)
    .join('; ')
    // What the runtime quotes may come from inside: nothing of it may steer a terminal.
    .replaceAll(/[\x00-\x1f\x7f-\x9f]/g, ' ')
    .slice(0, maxMessageLength);
  const code = known.find(({ pattern }) => pattern.test(text))?.code ?? 'internal';
  return new Fault(code, text === '' ? `${engine} failed without a message` : `${engine}: ${text}`);
}

/** `time="…" level=error msg="…"` and `{"msg":"…","level":"error",…}` become the message alone. */
function undecorated(line: string): string {
  const logrus = /\bmsg=("(?:[^"\\]|\\.)*"|\S+)/.exec(line)?.[1];
  const message = logrus ?? /^\{.*"msg": ?("(?:[^"\\]|\\.)*")/.exec(line)?.[1] ?? line;
  if (!message.startsWith('"')) return message.trim();
  try {
    return String(JSON.parse(message));
  } catch {
    return message;
  }
}
