import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { prepareAgentBundle, removeUnusedBundles } from '../agents/agent-bundle.ts';
import { HostAgentCgroups } from '../agents/agent-cgroups.ts';
import { AgentMount } from '../agents/agent-mount.ts';
import { Agents } from '../agents/agents.ts';
import { KeptSessions } from '../agents/kept-sessions.ts';
import { SessionRecords } from '../agents/session-records.ts';
import { Cgroups } from '../host/cgroups.ts';
import { makeDeviceNodes } from '../host/device-nodes.ts';
import { detectHostFeatures, type HostFeatures, realHost } from '../host/host-features.ts';
import { IpLinks } from '../host/links.ts';
import { Orphans } from '../host/orphans.ts';
import { RootedFiles } from '../host/rooted-files.ts';
import { UserNamespaces } from '../host/user-namespaces.ts';
import { Images } from '../images/images.ts';
import { Recipes } from '../images/recipes.ts';
import type { InstanceInit } from '../instances/instance.ts';
import { openBridge } from '../networks/bridge/open-bridge.ts';
import { networkDirectory } from '../networks/network-directory.ts';
import { Networks } from '../networks/networks.ts';
import { defaultProject } from '../projects/project.ts';
import { checkGuestInit, detectGuestInit, initCommand } from '../runtime/guest-init.ts';
import { OciRuntime } from '../runtime/oci-runtime.ts';
import { Pools } from '../storage/pools.ts';
import { makeStorageDriver } from '../storage/storage-drivers.ts';
import { type Base, defaultPool } from './server.ts';

/** What instances are made of and run on: everything below the domain of instances. */
export interface Engines {
  readonly features: HostFeatures;
  readonly cgroups: Cgroups;
  readonly runtime: OciRuntime;
  readonly pools: Pools;
  readonly images: Images;
  readonly recipes: Recipes;
  readonly networks: Networks;
  readonly links: IpLinks;
  readonly agents: Agents;
  /** Commands that outlive calls, in the agents. */
  readonly sessions: KeptSessions;
  readonly namespaces: UserNamespaces;
  /** The agent's files, which instances see at /dev/.yurt. */
  readonly agentDirectory: string;
  /** The kernel's name of the architecture: `x86_64`. */
  readonly architecture: string;
  readonly guestInit: (rootPath: string) => Promise<InstanceInit>;
  /** Takes the networks down: nothing runs any more. */
  down(): Promise<void>;
  close(): Promise<void>;
}

export async function openEngines(base: Base): Promise<Engines> {
  const { log, directories, id } = base;
  const { run, mounts } = base.tools;
  const cgroups = await Cgroups.detect();
  const features = await detectHostFeatures(realHost(cgroups));
  const orphans = new Orphans();
  const runDirectory = directories.run;
  const runtime = await OciRuntime.open({ runDirectory, daemonId: id, cgroups, features, run, orphans, log });
  const [agents] = await Promise.all([openAgents(base, runtime, cgroups), makeDeviceNodes(run, directories.devices)]);
  const pools = new Pools(log);
  const namespaces = new UserNamespaces();
  const source = join(directories.storage, defaultPool);
  const pool = { name: defaultPool, driver: 'overlay', description: 'Default pool', config: { source } };
  await pools.open(pool, makeStorageDriver(pool, { run, mounts, namespaces, log }));
  const architecture = await machine();
  const images = new Images(base.store, defaultProject, {
    directory: directories.images,
    run,
    architecture,
    usedBy: async () => [], // an instance has its image's files in its pool: the archive may go
  });
  const links = new IpLinks(run);
  const directory = await networkDirectory(directories.networks, join('/run', `yurt-${id}-networks`));
  const networks = new Networks({
    log,
    store: base.store,
    links,
    open: (record) => openBridge(record, { run, log, daemonId: id, directory }),
  });
  return {
    ...{ features, cgroups, runtime, pools, images, networks, links, namespaces, architecture, ...agents },
    recipes: new Recipes(join(base.root, 'images'), log),
    guestInit: async (rootPath) => guestInit(rootPath),
    down: async () => {
      await networks.down();
      await cgroups.remove(`/yurt/${id}`);
    },
    close: async () => {
      agents.agents.close();
      await Promise.allSettled([networks.close(), pools.close(), agents.agentMount.close()]);
      namespaces[Symbol.dispose]();
      orphans[Symbol.dispose]();
    },
  };
}

async function openAgents({ log, directories, root, tools }: Base, runtime: OciRuntime, cgroups: Cgroups) {
  const options = {
    ...{ run: tools.run, log, directory: directories.agents, nodePath: process.execPath },
    builtDirectory: join(root, 'dist/agent'),
  };
  const bundle = await prepareAgentBundle(options);
  const { mount, directory } = await AgentMount.open(
    { mounts: tools.mounts, log },
    bundle,
    join(directories.run, 'agent'),
  );
  await removeUnusedBundles(options, bundle);
  const sockets = join(directories.run, 'agents');
  await mkdir(sockets, { recursive: true, mode: 0o700 });
  const records = new SessionRecords(join(directories.run, 'sessions'));
  const agents = new Agents({
    ...{ log, runtime, cgroups: new HostAgentCgroups(cgroups), directory: sockets },
    keepsSessions: (id) => records.list(id).length > 0,
  });
  return {
    ...{ agentMount: mount, agentDirectory: directory, agents },
    sessions: new KeptSessions({ log, agents, records }),
  };
}

/** Which init a mounted root has. Faults: `invalid`, `unsupported` when it cannot run on this host. */
function guestInit(rootPath: string): InstanceInit {
  using root = RootedFiles.open(rootPath);
  const found = detectGuestInit(root);
  checkGuestInit(found);
  return { kind: found.kind, argv: [initCommand], halt: found.halt };
}

/** The kernel's name of the architecture, as uname(2) has it: `x86_64`. */
async function machine(): Promise<string> {
  const arch = await readFile('/proc/sys/kernel/arch', 'utf8').catch(() => '');
  return arch.trim() || ({ x64: 'x86_64', arm64: 'aarch64' }[process.arch as string] ?? process.arch);
}
