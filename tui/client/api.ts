import type { MethodDefinition } from '@grpc/proto-loader';
import descriptor from '../../proto/gen/api.json' with { type: 'json' };
import type { AuthServiceDefinition } from '../../proto/gen/yurt/v1/AuthService.ts';
import type { BackupServiceDefinition } from '../../proto/gen/yurt/v1/BackupService.ts';
import type { ConsoleServiceDefinition } from '../../proto/gen/yurt/v1/ConsoleService.ts';
import type { EventServiceDefinition } from '../../proto/gen/yurt/v1/EventService.ts';
import type { ExecServiceDefinition } from '../../proto/gen/yurt/v1/ExecService.ts';
import type { FileServiceDefinition } from '../../proto/gen/yurt/v1/FileService.ts';
import type { ImageServiceDefinition } from '../../proto/gen/yurt/v1/ImageService.ts';
import type { InstanceServiceDefinition } from '../../proto/gen/yurt/v1/InstanceService.ts';
import type { MetadataServiceDefinition } from '../../proto/gen/yurt/v1/MetadataService.ts';
import type { NetworkServiceDefinition } from '../../proto/gen/yurt/v1/NetworkService.ts';
import type { OperationServiceDefinition } from '../../proto/gen/yurt/v1/OperationService.ts';
import type { ProfileServiceDefinition } from '../../proto/gen/yurt/v1/ProfileService.ts';
import type { ProjectServiceDefinition } from '../../proto/gen/yurt/v1/ProjectService.ts';
import type { ServerServiceDefinition } from '../../proto/gen/yurt/v1/ServerService.ts';
import type { SessionServiceDefinition } from '../../proto/gen/yurt/v1/SessionService.ts';
import type { SnapshotServiceDefinition } from '../../proto/gen/yurt/v1/SnapshotService.ts';
import type { StorageServiceDefinition } from '../../proto/gen/yurt/v1/StorageService.ts';
import type { TransferServiceDefinition } from '../../proto/gen/yurt/v1/TransferService.ts';
import type { TrustServiceDefinition } from '../../proto/gen/yurt/v1/TrustService.ts';
import { Codec, type Message, type NodeJson } from './wire.ts';

/** The services that a client calls, each with its methods. */
export interface Services {
  AuthService: AuthServiceDefinition;
  BackupService: BackupServiceDefinition;
  ConsoleService: ConsoleServiceDefinition;
  EventService: EventServiceDefinition;
  ExecService: ExecServiceDefinition;
  FileService: FileServiceDefinition;
  ImageService: ImageServiceDefinition;
  InstanceService: InstanceServiceDefinition;
  MetadataService: MetadataServiceDefinition;
  NetworkService: NetworkServiceDefinition;
  OperationService: OperationServiceDefinition;
  ProfileService: ProfileServiceDefinition;
  ProjectService: ProjectServiceDefinition;
  ServerService: ServerServiceDefinition;
  SessionService: SessionServiceDefinition;
  SnapshotService: SnapshotServiceDefinition;
  StorageService: StorageServiceDefinition;
  TransferService: TransferServiceDefinition;
  TrustService: TrustServiceDefinition;
}

export type ServiceName = keyof Services;

/** Method names without the index signature that grpc-js gives every definition. */
export type MethodName<S extends ServiceName> = keyof {
  [M in keyof Services[S] as string extends M ? never : number extends M ? never : M]: unknown;
} &
  string;

export type RequestOf<S extends ServiceName, M extends MethodName<S>> =
  Services[S][M] extends MethodDefinition<infer Request, infer _Response, infer _RequestOut, infer _ResponseOut>
    ? Request
    : never;

export type ResponseOf<S extends ServiceName, M extends MethodName<S>> =
  Services[S][M] extends MethodDefinition<infer _Request, infer _Response, infer _RequestOut, infer Response>
    ? Response
    : never;

/** How one method's messages go over the wire. */
export interface Method {
  readonly path: string;
  /** In pieces, which may share memory with the request. */
  encode(request: object): Buffer[];
  decode(bytes: Buffer): Message;
}

const codec = new Codec(descriptor);
const services: Readonly<Record<string, NodeJson>> = descriptor.nested.yurt.nested.v1.nested;

/** Whether the API has a method, and in which directions it streams. Undefined: it has none of that name. */
export function shapeOf(
  service: string,
  name: string,
): { readonly requestStream: boolean; readonly responseStream: boolean } | undefined {
  const method = Object.hasOwn(services, service) ? services[service]?.methods?.[name] : undefined;
  if (method === undefined) return undefined;
  return { requestStream: method.requestStream === true, responseStream: method.responseStream === true };
}

/** Undefined, or what in a request is not as the method has it: a field that it does not know. */
export function checkRequest(service: string, name: string, request: object): string | undefined {
  const type = services[service]?.methods?.[name]?.requestType;
  return type === undefined ? 'there is no such method' : codec.unknownField(`yurt.v1.${type}`, request as Message); // any JSON
}

/** Names of all methods: `yurt.v1.InstanceService/ListInstances`. */
export function methodNames(): string[] {
  return Object.entries(services).flatMap(([service, { methods = {} }]) =>
    Object.keys(methods).map((name) => `yurt.v1.${service}/${name}`),
  );
}

/** The method's path and codec from the descriptor. */
export function methodOf(service: ServiceName, name: string): Method {
  const types = services[service]?.methods?.[name];
  if (types === undefined) throw new Error(`No method ${service}.${name} in the API`);
  return {
    path: `/yurt.v1.${service}/${name}`,
    encode: (request) => codec.encodeParts(`yurt.v1.${types.requestType}`, request as Message), // typed by RequestOf
    decode: (bytes) => codec.decode(`yurt.v1.${types.responseType}`, bytes),
  };
}
