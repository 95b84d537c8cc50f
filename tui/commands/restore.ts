/** The verb of one field for what the other calls `snapshot restore`. */
export { run } from './snapshot-restore.ts';
