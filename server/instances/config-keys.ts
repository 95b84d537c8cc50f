import { parseByteSize } from '../base/byte-size.ts';
import { type ConfigKey, checkBoolean, checkLine, integerBetween } from '../base/config-key.ts';
import { snapshotKeys } from './keys/snapshots.ts';

/** Below this no init gets as far as a prompt; the runtime itself needs some of it while it enters. */
const leastMemoryBytes = 4 * 1024 * 1024;
export const defaultAgentIdleSeconds = 30;

/** Every configuration key of an instance. */
export const instanceKeys: readonly ConfigKey[] = [
  {
    key: 'agent.idle_timeout',
    type: 'integer',
    default: String(defaultAgentIdleSeconds),
    live: true,
    doc: 'Seconds after which an idle agent leaves the instance; 0 keeps it. It returns when it is needed.',
    check: integerBetween(0, 86_400),
  },
  {
    key: 'boot.autostart',
    type: 'boolean',
    default: '',
    live: true,
    doc: 'Whether to start with the server after a reboot of the host; unset restores the last state.',
    check: checkBoolean,
  },
  {
    key: 'environment.*',
    type: 'string',
    default: '',
    live: true,
    doc: 'A variable in the environment of init (at the next start) and of executed commands.',
    check: checkLine,
  },
  {
    key: 'image.*',
    type: 'string',
    default: '',
    live: false,
    doc: 'A property of the image that the instance was created from.',
    check: checkLine,
  },
  {
    key: 'limits.memory',
    type: 'bytes',
    default: '',
    live: false,
    doc: 'The most memory that the instance may use, such as 512MiB.',
    check: (value) => {
      const bytes = parseByteSize(value);
      return bytes !== undefined && bytes >= leastMemoryBytes ? undefined : 'a size of at least 4MiB, such as 512MiB';
    },
  },
  {
    key: 'limits.processes',
    type: 'integer',
    default: '',
    live: false,
    doc: 'The most processes and threads that the instance may have.',
    check: integerBetween(1, 4_194_304),
  },
  ...snapshotKeys,
  {
    key: 'user.*',
    type: 'string',
    default: '',
    live: true,
    doc: 'Anything; yurt stores it and does not read it.',
    check: () => undefined,
  },
  {
    key: 'volatile.*',
    type: 'string',
    default: '',
    live: false,
    doc: 'What yurt itself remembers of the instance.',
    check: checkLine,
  },
];

/** The environment that `environment.*` keys describe. */
export function environmentOf(config: Readonly<Record<string, string>>): Record<string, string> {
  const prefix = 'environment.';
  return Object.fromEntries(
    Object.entries(config)
      .filter(([key]) => key.startsWith(prefix))
      .map(([key, value]) => [key.slice(prefix.length), value]),
  );
}

/** What a profile may set: not what an instance has of its image, nor what yurt remembers of it. */
export const profileKeys: readonly ConfigKey[] = instanceKeys.filter(
  ({ key }) => key !== 'image.*' && key !== 'volatile.*',
);
