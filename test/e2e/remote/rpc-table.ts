/** What a client that is restricted to some projects may do with a method. */
export type Rule =
  /** It is about a project: in one of its own, what its permission says; any other does not exist. */
  | 'project'
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

export interface Row {
  readonly rule: Rule;
  /** A request that is about `name` in `project`, as far as the method has a place for them. */
  readonly request: (project: string, name: string) => object;
}

const nothing = () => ({});
const inProject = (project: string) => ({ project });
const named = (project: string, name: string) => ({ project, name });
const instance = (project: string, name: string) => ({ project, instance: name });
const snapshot = (project: string, name: string) => ({ ...instance(project, name), name: 'bad name' });
const path = Buffer.from('/etc/hostname');

/** Every method of the API. One without a row fails a test. */
export const rpcTable: Readonly<Record<string, Row>> = {
  'EventService/WatchEvents': { rule: 'project', request: inProject },
  'ExecService/Exec': { rule: 'project', request: (...of) => ({ start: { ...instance(...of), command: ['true'] } }) },
  'ConsoleService/AttachConsole': { rule: 'project', request: (...of) => ({ start: instance(...of) }) },
  'ConsoleService/GetConsoleLog': { rule: 'project', request: instance },
  'FileService/PushFiles': { rule: 'project', request: (...of) => ({ start: { ...instance(...of), path } }) },
  'FileService/PullFiles': { rule: 'project', request: (...of) => ({ ...instance(...of), path }) },
  'FileService/ListFiles': { rule: 'project', request: (...of) => ({ ...instance(...of), path }) },
  'FileService/DeleteFiles': { rule: 'project', request: (...of) => ({ ...instance(...of), path }) },
  'BackupService/ExportInstance': { rule: 'project', request: instance },
  'BackupService/ImportInstance': { rule: 'project', request: (project, name) => ({ start: { project, name } }) },
  'TransferService/GetTransferPeer': { rule: 'everybody', request: nothing },
  'TransferService/SendInstance': { rule: 'project', request: instance },
  'TransferService/ReceiveInstance': { rule: 'project', request: (project) => ({ project, name: 'bad name' }) },
  'TransferService/SendImage': { rule: 'project', request: (project) => ({ project, image: 'none' }) },
  'TransferService/ReceiveImage': { rule: 'project', request: inProject },
  'TransferService/ConnectTransfer': { rule: 'admin', request: () => ({ secret: 'none' }) },
  'TransferService/Transfer': { rule: 'stranger', request: () => ({ start: { secret: 'none' } }) },
  'ImageService/ListImages': { rule: 'project', request: inProject },
  'ImageService/GetImage': { rule: 'project', request: (project) => ({ project, image: 'tiny' }) },
  'ImageService/DeleteImage': { rule: 'project', request: (project) => ({ project, image: 'tiny' }) },
  'ImageService/ListRecipes': { rule: 'everybody', request: nothing },
  'ImageService/PublishInstance': { rule: 'project', request: instance },
  'ImageService/BuildImage': { rule: 'admin', request: (project) => ({ project, image: 'tiny' }) },
  'InstanceService/ListInstances': { rule: 'project', request: inProject },
  'InstanceService/GetInstance': { rule: 'project', request: named },
  'InstanceService/CreateInstance': { rule: 'project', request: (project) => ({ project, name: 'bad name' }) },
  'InstanceService/UpdateInstance': { rule: 'project', request: (...of) => ({ ...named(...of), etag: 'old' }) },
  'InstanceService/CopyInstance': { rule: 'project', request: (project, source) => ({ project, source, name: '-' }) },
  'InstanceService/MoveInstance': { rule: 'project', request: (...of) => ({ ...named(...of), newName: '-' }) },
  'InstanceService/RebuildInstance': { rule: 'project', request: (...of) => ({ ...named(...of), image: 'none' }) },
  'InstanceService/StartInstance': { rule: 'project', request: named },
  'InstanceService/StopInstance': { rule: 'project', request: named },
  'InstanceService/RestartInstance': { rule: 'project', request: named },
  'InstanceService/PauseInstance': { rule: 'project', request: named },
  'InstanceService/ResumeInstance': { rule: 'project', request: named },
  'InstanceService/DeleteInstance': { rule: 'project', request: named },
  'MetadataService/GetInstanceMetadata': { rule: 'project', request: instance },
  'MetadataService/UpdateInstanceMetadata': {
    rule: 'project',
    request: (...of) => ({ ...instance(...of), etag: 'old', metadata: {} }),
  },
  'MetadataService/ListTemplates': { rule: 'project', request: instance },
  'MetadataService/GetTemplate': { rule: 'project', request: (...of) => ({ ...instance(...of), name: 'none' }) },
  'MetadataService/CreateTemplate': { rule: 'project', request: (...of) => ({ ...instance(...of), name: '-' }) },
  'MetadataService/UpdateTemplate': { rule: 'project', request: (...of) => ({ ...instance(...of), name: 'none' }) },
  'MetadataService/DeleteTemplate': { rule: 'project', request: (...of) => ({ ...instance(...of), name: 'none' }) },
  'NetworkService/ListNetworks': { rule: 'project', request: inProject },
  'OperationService/ListOperations': { rule: 'project', request: inProject },
  'OperationService/GetOperation': { rule: 'operation', request: (_project, id) => ({ id }) },
  'OperationService/WatchOperation': { rule: 'operation', request: (_project, id) => ({ id }) },
  'OperationService/CancelOperation': { rule: 'operation', request: (_project, id) => ({ id }) },
  'ProfileService/ListProfiles': { rule: 'project', request: inProject },
  'ProfileService/GetProfile': { rule: 'project', request: (project) => ({ project, name: 'default' }) },
  'ProfileService/CreateProfile': { rule: 'project', request: (project) => ({ project, name: 'bad name' }) },
  'ProfileService/UpdateProfile': { rule: 'project', request: (project) => ({ project, name: 'none' }) },
  'ProfileService/RenameProfile': { rule: 'project', request: (project) => ({ project, name: 'none', newName: 'x' }) },
  'ProfileService/DeleteProfile': { rule: 'project', request: (project) => ({ project, name: 'none' }) },
  'ProjectService/ListProjects': { rule: 'everybody', request: nothing },
  'ProjectService/GetProject': { rule: 'named', request: (project) => ({ name: project }) },
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
  'SnapshotService/ListSnapshots': { rule: 'project', request: instance },
  'SnapshotService/GetSnapshot': { rule: 'project', request: snapshot },
  'SnapshotService/CreateSnapshot': { rule: 'project', request: snapshot },
  'SnapshotService/RestoreSnapshot': { rule: 'project', request: snapshot },
  'SnapshotService/RenameSnapshot': { rule: 'project', request: (...of) => ({ ...snapshot(...of), newName: 'x' }) },
  'SnapshotService/SetSnapshotExpiry': { rule: 'project', request: snapshot },
  'SnapshotService/DeleteSnapshot': { rule: 'project', request: snapshot },
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
