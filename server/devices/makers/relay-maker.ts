import { basename, dirname } from 'node:path';
import type { Task } from '../../base/task.ts';
import type { Relays } from '../../host/relays.ts';
import type { DeviceOwner } from '../device.ts';
import { hostId } from '../host-id.ts';
import type { PartMaker, PartOf, Plug } from '../part-maker.ts';
import type { RelayPart } from '../parts.ts';

export interface RelayMakerDeps {
  readonly relays: Relays;
  /** The instance's cgroup; those of its relays are beside it. */
  readonly cgroupOf: (uuid: string) => string;
}

/** Processes that relay. Each has a cgroup of its own, by which any server finds it again and ends it. */
export class RelayMaker implements PartMaker<RelayPart> {
  readonly #deps: RelayMakerDeps;

  constructor(deps: RelayMakerDeps) {
    this.#deps = deps;
  }

  async check(): Promise<void> {}

  async prepare(_task: Task, it: PartOf<RelayPart>): Promise<Plug> {
    const { owner, part } = it;
    const listens = idsOn(part.bind, owner);
    const connects = idsOn(part.bind === 'host' ? 'instance' : 'host', owner);
    const request = {
      ...{ bind: part.bind, pairs: part.pairs, proxyProtocol: part.proxyProtocol, cgroup: this.#cgroup(it) },
      user: { uid: connects('security.uid', part.user.uid), gid: connects('security.gid', part.user.gid) },
      socket: { ...part.socket, uid: listens('uid', part.socket.uid), gid: listens('gid', part.socket.gid) },
    };
    return async (task, pid) => await this.#deps.relays.start(task, pid, request);
  }

  async works(it: PartOf<RelayPart>): Promise<boolean> {
    return await this.#deps.relays.isRunning(this.#cgroup(it));
  }

  async unmake(_task: Task, it: PartOf<RelayPart>, pid: number | undefined): Promise<void> {
    const { bind, pairs, socket } = it.part;
    const ids = idsOn(bind, it.owner);
    const sockets = pairs.flatMap(({ listen }) => (listen.type === 'unix' ? [listen.address] : []));
    await this.#deps.relays.stop(this.#cgroup(it), {
      ...{ bind, sockets, pid },
      ...{ uid: ids('uid', socket.uid), gid: ids('gid', socket.gid) },
    });
  }

  #cgroup({ owner, files }: PartOf<RelayPart>): string {
    return `${this.#deps.cgroupOf(owner.uuid)}.devices/${basename(dirname(files))}-${basename(files)}`;
  }
}

/** How a side counts users: the host as it is, the instance from its first id on. */
function idsOn(side: RelayPart['bind'], { idMap }: DeviceOwner): (option: string, id: number) => number {
  return (option, id) => {
    const kind = option.endsWith('uid') ? 'users' : 'groups';
    return side === 'host' ? id : hostId(idMap, kind, option, id);
  };
}
