import type { FakeServer } from './instances.ts';

/** Kills the server at one of its next effects: from then on it writes no record either. */
export function dieAt({ world, store }: FakeServer, step: number): void {
  const commit = store.commit.bind(store);
  const mortal = async (change: Parameters<typeof commit>[0]) => {
    if (world.dead) throw new Error('the server was killed');
    return await commit(change);
  };
  Object.assign(store, { commit: mortal });
  world.dieAt = world.effects + step;
}
