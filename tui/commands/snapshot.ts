/** The verb of one field for what the other calls `snapshot create`. */
export { run } from './snapshot-create.ts';
