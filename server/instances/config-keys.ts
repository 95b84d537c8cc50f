import { type ConfigKey, checkLine, integerBetween } from '../base/config-key.ts';
import { bootKeys } from './keys/boot.ts';
import { kernelKeys } from './keys/kernel.ts';
import { limitKeys } from './keys/limits.ts';
import { securityKeys } from './keys/security.ts';
import { snapshotKeys } from './keys/snapshots.ts';

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
  ...bootKeys,
  {
    key: 'environment.*',
    type: 'string',
    default: '',
    live: true,
    doc: 'A variable in the environment of init (at the next start) and of executed commands.',
    check: checkLine,
    checkName: (name) => (/^[A-Za-z_][A-Za-z0-9_.-]*$/.test(name) ? undefined : 'it is no name of a variable'),
  },
  {
    key: 'image.*',
    type: 'string',
    default: '',
    live: false,
    doc: 'A property of the image that the instance was created from.',
    check: checkLine,
  },
  ...limitKeys,
  ...kernelKeys,
  ...securityKeys,
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
