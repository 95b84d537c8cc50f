import { type ConfigKey, checkBoolean } from '../../base/config-key.ts';
import { checkExpiry } from '../../base/expiry.ts';
import { checkPattern } from '../../base/name-pattern.ts';
import { checkSchedule } from '../../base/schedule.ts';

/** How snapshots of an instance are made and named, and when they go. */
export const snapshotKeys: readonly ConfigKey[] = [
  {
    key: 'snapshots.expiry',
    type: 'string',
    default: '',
    live: true,
    doc: 'When new snapshots expire, such as 4w or 1d 12H (M minutes, H hours, d days, w weeks, m months, y years).',
    check: checkExpiry,
  },
  {
    key: 'snapshots.pattern',
    type: 'string',
    default: 'snap%d',
    live: true,
    doc: 'The names of new snapshots: %d is the next number, {{ creation_date }} the time (in a layout of its own, see the guide).',
    check: checkPattern,
  },
  {
    key: 'snapshots.schedule',
    type: 'string',
    default: '',
    live: true,
    doc: 'When snapshots are taken: five fields as in crontab(5), or a list of @hourly, @daily (or @midnight), @weekly, @monthly, @yearly (or @annually), @startup (before each start).',
    check: checkSchedule,
  },
  {
    key: 'snapshots.schedule.stopped',
    type: 'boolean',
    default: 'false',
    live: true,
    doc: 'Whether snapshots are taken while the instance is stopped, too.',
    check: checkBoolean,
  },
];
