import { type ConfigKey, checkBoolean, integerBetween } from '../../base/config-key.ts';

const maxDelaySeconds = 86_400;
const maxPriority = 1_000_000;

/** When the instance starts and stops with the host. */
export const bootKeys: readonly ConfigKey[] = [
  {
    key: 'boot.autostart',
    type: 'boolean',
    default: '',
    live: true,
    doc: 'Whether to start with the server after a reboot of the host; unset restores the last state.',
    check: checkBoolean,
  },
  {
    key: 'boot.autostart.delay',
    type: 'integer',
    default: '0',
    live: true,
    doc: 'Seconds to wait after the start of this instance before the next one starts with the server.',
    check: integerBetween(0, maxDelaySeconds),
  },
  {
    key: 'boot.autostart.priority',
    type: 'integer',
    default: '0',
    live: true,
    doc: 'Which instances start first with the server: the highest. Those with a priority or a delay start one after another, all others then at once.',
    check: integerBetween(0, maxPriority),
  },
  {
    key: 'boot.host_shutdown_timeout',
    type: 'integer',
    default: '30',
    live: true,
    doc: 'Seconds that the instance has to stop when the server stops all instances; then it is killed.',
    check: integerBetween(0, maxDelaySeconds),
  },
  {
    key: 'boot.stop.priority',
    type: 'integer',
    default: '0',
    live: true,
    doc: 'Which instances stop first when all are stopped: the highest, and the next when all of those have stopped.',
    check: integerBetween(0, maxPriority),
  },
];
