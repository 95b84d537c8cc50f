/** What a client that is restricted to some projects may do with a method. */
export type Rule =
  /** It is about a project: in one of its own, what its permission says; any other does not exist. */
  | 'project'
  /** It is about an instance, in the same way. Who sees that instance alone may do with it what its permission says. */
  | 'instance'
  /** The project is what it names; any other does not exist. */
  | 'named'
  /** It is about an operation; one of another project does not exist. */
  | 'operation'
  /** The same for all who are trusted. */
  | 'everybody'
  /** Not at all. */
  | 'admin'
  /** Whoever has a token. */
  | 'stranger';

/** As in `server/trust/role.ts`, and on purpose not taken from there. */
export type Needed = 'viewer' | 'user' | 'operator' | 'admin';

export interface Row {
  readonly rule: Rule;
  /** What a caller must be to what it is about; absent: viewer for what gets, lists and watches, admin for all else. */
  readonly needs?: Needed;
  /** It shows of a project what its caller sees of it, be it little. */
  readonly contents?: true;
  /** It names a session: who sees the instance of that alone may do with it what the permission says. */
  readonly session?: true;
  /** It makes something in the project, which takes an admin of that, besides what it makes it from. */
  readonly creates?: true;
  /** A request that is about `name` in `project`, as far as the method has a place for them. */
  readonly request: (project: string, name: string) => object;
}

const nothing = () => ({});
const inProject = (project: string) => ({ project });
const named = (project: string, name: string) => ({ project, name });
const instance = (project: string, name: string) => ({ project, instance: name });
const snapshot = (project: string, name: string) => ({ ...instance(project, name), name: 'bad name' });
const path = Buffer.from('/etc/hostname');

export function neededBy(method: string): Needed {
  const { needs } = rpcTable[method] ?? {};
  return needs ?? (/\/(?:Get|List|Watch)/.test(method) ? 'viewer' : 'admin');
}

/** Every method of the API. One without a row fails a test. */
export const rpcTable: Readonly<Record<string, Row>> = {
  'EventService/WatchEvents': { rule: 'project', contents: true, request: inProject },
  'ExecService/Exec': {
    rule: 'instance',
    needs: 'user',
    request: (...of) => ({ start: { ...instance(...of), command: ['true'] } }),
  },
  'ConsoleService/AttachConsole': { rule: 'instance', needs: 'user', request: (...of) => ({ start: instance(...of) }) },
  'ConsoleService/GetConsoleLog': { rule: 'instance', needs: 'user', request: instance },
  'FileService/PushFiles': {
    rule: 'instance',
    needs: 'user',
    request: (...of) => ({ start: { ...instance(...of), path } }),
  },
  'FileService/PullFiles': { rule: 'instance', needs: 'user', request: (...of) => ({ ...instance(...of), path }) },
  'FileService/ListFiles': { rule: 'instance', needs: 'user', request: (...of) => ({ ...instance(...of), path }) },
  'FileService/DeleteFiles': { rule: 'instance', needs: 'user', request: (...of) => ({ ...instance(...of), path }) },
  'AuthService/GetIdentity': { rule: 'everybody', request: nothing },
  'AuthService/ListGroups': { rule: 'admin', request: nothing },
  'AuthService/GetGroup': { rule: 'admin', request: () => ({ name: 'none' }) },
  'AuthService/CreateGroup': { rule: 'admin', request: () => ({ name: 'bad name' }) },
  'AuthService/UpdateGroup': { rule: 'admin', request: () => ({ name: 'none' }) },
  'AuthService/RenameGroup': { rule: 'admin', request: () => ({ name: 'none', newName: 'x' }) },
  'AuthService/DeleteGroup': { rule: 'admin', request: () => ({ name: 'none' }) },
  'BackupService/ExportInstance': { rule: 'instance', needs: 'operator', request: instance },
  'BackupService/ImportInstance': { rule: 'project', request: (project, name) => ({ start: { project, name } }) },
  'TransferService/GetTransferPeer': { rule: 'everybody', request: nothing },
  // With what is no fingerprint: an end that waits for its other would hold the instance for a minute.
  'TransferService/SendInstance': {
    rule: 'instance',
    request: (...of) => ({ ...instance(...of), peerFingerprint: 'none' }),
  },
  'TransferService/ReceiveInstance': { rule: 'project', request: (project) => ({ project, name: 'bad name' }) },
  'TransferService/SendImage': { rule: 'project', request: (project) => ({ project, image: 'none' }) },
  'TransferService/ReceiveImage': { rule: 'project', request: (project) => ({ project, peerFingerprint: 'none' }) },
  'TransferService/ConnectTransfer': { rule: 'admin', request: () => ({ secret: 'none' }) },
  'TransferService/Transfer': { rule: 'stranger', request: () => ({ start: { secret: 'none' } }) },
  'ImageService/ListImages': { rule: 'project', contents: true, request: inProject },
  'ImageService/GetImage': { rule: 'project', request: (project) => ({ project, image: 'tiny' }) },
  'ImageService/DeleteImage': { rule: 'project', request: (project) => ({ project, image: 'tiny' }) },
  'ImageService/ListRecipes': { rule: 'everybody', request: nothing },
  'ImageService/PublishInstance': { rule: 'instance', needs: 'user', creates: true, request: instance },
  'ImageService/BuildImage': { rule: 'admin', request: (project) => ({ project, image: 'tiny' }) },
  'InstanceService/ListInstances': { rule: 'project', contents: true, request: inProject },
  'InstanceService/GetInstance': { rule: 'instance', request: named },
  'InstanceService/ListProcesses': { rule: 'instance', needs: 'user', request: named },
  'InstanceService/CreateInstance': { rule: 'project', request: (project) => ({ project, name: 'bad name' }) },
  'InstanceService/UpdateInstance': { rule: 'instance', request: (...of) => ({ ...named(...of), etag: 'old' }) },
  'InstanceService/CopyInstance': {
    rule: 'instance',
    needs: 'user',
    creates: true,
    request: (project, source) => ({ project, source, name: '-' }),
  },
  'InstanceService/MoveInstance': { rule: 'instance', request: (...of) => ({ ...named(...of), newName: '-' }) },
  'InstanceService/RebuildInstance': { rule: 'instance', request: (...of) => ({ ...named(...of), image: 'none' }) },
  'InstanceService/StartInstance': { rule: 'instance', needs: 'operator', request: named },
  'InstanceService/StopInstance': {
    rule: 'instance',
    needs: 'operator',
    request: (...of) => ({ ...named(...of), timeoutSeconds: -1 }),
  },
  'InstanceService/RestartInstance': {
    rule: 'instance',
    needs: 'operator',
    request: (...of) => ({ ...named(...of), timeoutSeconds: -1 }),
  },
  'InstanceService/PauseInstance': { rule: 'instance', needs: 'operator', request: named },
  'InstanceService/ResumeInstance': { rule: 'instance', needs: 'operator', request: named },
  'InstanceService/DeleteInstance': { rule: 'instance', request: named },
  'MetadataService/GetInstanceMetadata': { rule: 'instance', request: instance },
  'MetadataService/UpdateInstanceMetadata': {
    rule: 'instance',
    request: (...of) => ({ ...instance(...of), etag: 'old', metadata: {} }),
  },
  'MetadataService/ListTemplates': { rule: 'instance', request: instance },
  'MetadataService/GetTemplate': { rule: 'instance', request: (...of) => ({ ...instance(...of), name: 'none' }) },
  'MetadataService/CreateTemplate': { rule: 'instance', request: (...of) => ({ ...instance(...of), name: '-' }) },
  'MetadataService/UpdateTemplate': { rule: 'instance', request: (...of) => ({ ...instance(...of), name: 'none' }) },
  'MetadataService/DeleteTemplate': { rule: 'instance', request: (...of) => ({ ...instance(...of), name: 'none' }) },
  'NetworkService/ListNetworks': { rule: 'project', contents: true, request: inProject },
  'OperationService/ListOperations': { rule: 'project', contents: true, request: inProject },
  'OperationService/GetOperation': { rule: 'operation', request: (_project, id) => ({ id }) },
  'OperationService/WatchOperation': { rule: 'operation', request: (_project, id) => ({ id }) },
  'OperationService/CancelOperation': { rule: 'operation', needs: 'operator', request: (_project, id) => ({ id }) },
  'ProfileService/ListProfiles': { rule: 'project', contents: true, request: inProject },
  'ProfileService/GetProfile': { rule: 'project', request: (project) => ({ project, name: 'default' }) },
  'ProfileService/CreateProfile': { rule: 'project', request: (project) => ({ project, name: 'bad name' }) },
  'ProfileService/UpdateProfile': { rule: 'project', request: (project) => ({ project, name: 'none' }) },
  'ProfileService/RenameProfile': { rule: 'project', request: (project) => ({ project, name: 'none', newName: 'x' }) },
  'ProfileService/DeleteProfile': { rule: 'project', request: (project) => ({ project, name: 'none' }) },
  'ProjectService/ListProjects': { rule: 'everybody', request: nothing },
  'ProjectService/GetProject': { rule: 'named', contents: true, request: (project) => ({ name: project }) },
  'ProjectService/GetProjectUsage': { rule: 'named', request: (project) => ({ name: project }) },
  'ProjectService/CreateProject': { rule: 'admin', request: () => ({ name: 'mine' }) },
  'ProjectService/UpdateProject': { rule: 'admin', request: (project) => ({ name: project }) },
  'ProjectService/RenameProject': { rule: 'admin', request: (project) => ({ name: project, newName: 'mine' }) },
  'ProjectService/DeleteProject': { rule: 'admin', request: (project) => ({ name: project }) },
  'ServerService/GetServer': { rule: 'everybody', request: nothing },
  'ServerService/GetServerConfig': { rule: 'admin', request: nothing },
  'ServerService/UpdateServerConfig': { rule: 'admin', request: () => ({ etag: 'old' }) },
  'ServerService/ListConfigKeys': { rule: 'everybody', request: () => ({ kind: 'instance' }) },
  'ServerService/ListDeviceTypes': { rule: 'everybody', request: nothing },
  'ServerService/Shutdown': { rule: 'admin', request: () => ({ timeoutSeconds: -1 }) },
  'SessionService/AttachSession': {
    rule: 'project',
    needs: 'user',
    session: true,
    request: (project) => ({ start: { project, session: 'none' } }),
  },
  'SessionService/ListSessions': { rule: 'project', contents: true, request: inProject },
  'SessionService/EndSession': {
    rule: 'project',
    needs: 'user',
    session: true,
    request: (project) => ({ project, session: 'none' }),
  },
  'SnapshotService/ListSnapshots': { rule: 'instance', request: instance },
  'SnapshotService/GetSnapshot': { rule: 'instance', request: snapshot },
  'SnapshotService/CreateSnapshot': { rule: 'instance', needs: 'operator', request: snapshot },
  'SnapshotService/RestoreSnapshot': { rule: 'instance', request: snapshot },
  'SnapshotService/RenameSnapshot': {
    rule: 'instance',
    needs: 'operator',
    request: (...of) => ({ ...snapshot(...of), newName: 'x' }),
  },
  'SnapshotService/SetSnapshotExpiry': { rule: 'instance', needs: 'operator', request: snapshot },
  'SnapshotService/DeleteSnapshot': { rule: 'instance', needs: 'operator', request: snapshot },
  'StorageService/ListStoragePools': { rule: 'everybody', request: nothing },
  'TrustService/ListTrustedClients': { rule: 'admin', request: nothing },
  'TrustService/GetTrustedClient': { rule: 'admin', request: () => ({ client: 'guest' }) },
  'TrustService/AddTrustedClient': { rule: 'admin', request: () => ({ rights: { name: 'evil' }, certificate: 'x' }) },
  'TrustService/UpdateTrustedClient': {
    rule: 'admin',
    request: () => ({ client: 'guest', rights: { name: 'guest' } }),
  },
  'TrustService/RemoveTrustedClient': { rule: 'admin', request: () => ({ client: 'none' }) },
  'TrustService/CreateTrustToken': { rule: 'admin', request: () => ({ rights: { name: 'evil' } }) },
  'TrustService/ListTrustTokens': { rule: 'admin', request: nothing },
  'TrustService/RevokeTrustToken': { rule: 'admin', request: () => ({ name: 'none' }) },
  'TrustService/RedeemTrustToken': { rule: 'stranger', request: () => ({ secret: 'guessed' }) },
};
