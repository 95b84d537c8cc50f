import { withoutRemote } from './instance-rows.ts';
import type { Link, State } from './state.ts';

/** The state after the way to a server has changed; empty: to the present one. */
export function withLink(state: State, link: Link, remote: string): State {
  if (remote === '') return { ...state, link };
  return state.others.has(remote) ? { ...state, others: new Map([...state.others, [remote, link]]) } : state;
}

/** The state with other servers besides the present one. What one that is not among them any more has goes. */
export function withOthers(state: State, remotes: readonly string[]): State {
  const gone = [...state.others.keys()].filter((remote) => !remotes.includes(remote));
  const instances = gone.reduce((rows, remote) => withoutRemote(rows, remote), state.data.instances);
  const others = new Map(remotes.map((remote) => [remote, state.others.get(remote) ?? connecting]));
  const grouping = remotes.length === 0 && state.grouping === 'remote' ? 'none' : state.grouping;
  const operations = new Map([...state.data.operations].filter(([, row]) => !gone.includes(row.remote)));
  return { ...state, others, grouping, data: { ...state.data, instances, operations } };
}

/** How many servers that are lost are named: more would leave the list no room. */
const maxNamed = 3;

/** Servers that cannot be reached now, by their names; empty for the present one. */
export function lostServers({ link, others }: State): readonly { readonly remote: string; readonly reason: string }[] {
  const all = [['', link] as const, ...others];
  return all
    .flatMap(([remote, way]) => (way.kind === 'lost' ? [{ remote, reason: way.reason }] : []))
    .slice(0, maxNamed);
}

const connecting: Link = { kind: 'connecting' };
