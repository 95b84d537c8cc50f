import { Fault } from '../base/fault.ts';
import type { Store } from './store.ts';

/** One step forward; returns nothing, changes the store in one commit together with the new version. */
export interface Migration {
  /** The version that the store has afterwards. */
  readonly to: number;
  readonly run: (store: Store) => Promise<{ key: string; value: unknown }[]>;
}

const versionKey = 'meta/schema';
/** Version 1 is the first that was ever written. */
export const migrations: readonly Migration[] = [];
const currentVersion = 1;

/** Brings an older store to the present schema. Fault `unsupported` for one that a newer yurt wrote. */
export async function migrate(store: Store): Promise<void> {
  const entry = await store.get(versionKey);
  let version = entry === undefined ? 0 : Number(entry.value);
  if (version > currentVersion) {
    throw new Fault(
      'unsupported',
      `The state was written by a newer yurt (schema ${version}, this one knows ${currentVersion})`,
    );
  }
  if (version === 0) {
    await store.commit({ put: [{ key: versionKey, value: currentVersion }] });
    return;
  }
  for (const migration of migrations) {
    if (migration.to <= version) continue;
    const put = await migration.run(store);
    await store.commit({ put: [...put, { key: versionKey, value: migration.to }] });
    version = migration.to;
  }
}
