import type { MethodDefinition } from '@grpc/proto-loader';
import descriptor from '../../proto/gen/api.json' with { type: 'json' };
import type { ConsoleServiceDefinition } from '../../proto/gen/yurt/v1/ConsoleService.ts';
import type { EventServiceDefinition } from '../../proto/gen/yurt/v1/EventService.ts';
import type { ExecServiceDefinition } from '../../proto/gen/yurt/v1/ExecService.ts';
import type { ImageServiceDefinition } from '../../proto/gen/yurt/v1/ImageService.ts';
import type { InstanceServiceDefinition } from '../../proto/gen/yurt/v1/InstanceService.ts';
import type { NetworkServiceDefinition } from '../../proto/gen/yurt/v1/NetworkService.ts';
import type { OperationServiceDefinition } from '../../proto/gen/yurt/v1/OperationService.ts';
import type { ProfileServiceDefinition } from '../../proto/gen/yurt/v1/ProfileService.ts';
import type { ServerServiceDefinition } from '../../proto/gen/yurt/v1/ServerService.ts';
import type { SnapshotServiceDefinition } from '../../proto/gen/yurt/v1/SnapshotService.ts';
import type { StorageServiceDefinition } from '../../proto/gen/yurt/v1/StorageService.ts';
import { Codec, type Message, type NodeJson } from './wire.ts';

/** The services that a client calls, each with its methods. */
export interface Services {
  ConsoleService: ConsoleServiceDefinition;
  EventService: EventServiceDefinition;
  ExecService: ExecServiceDefinition;
  ImageService: ImageServiceDefinition;
  InstanceService: InstanceServiceDefinition;
  NetworkService: NetworkServiceDefinition;
  OperationService: OperationServiceDefinition;
  ProfileService: ProfileServiceDefinition;
  ServerService: ServerServiceDefinition;
  SnapshotService: SnapshotServiceDefinition;
  StorageService: StorageServiceDefinition;
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
  encode(request: object): Buffer;
  decode(bytes: Buffer): Message;
}

const codec = new Codec(descriptor);
const services: Readonly<Record<string, NodeJson>> = descriptor.nested.yurt.nested.v1.nested;

/** The method's path and codec from the descriptor. */
export function methodOf(service: ServiceName, name: string): Method {
  const types = services[service]?.methods?.[name];
  if (types === undefined) throw new Error(`No method ${service}.${name} in the API`);
  return {
    path: `/yurt.v1.${service}/${name}`,
    encode: (request) => codec.encode(`yurt.v1.${types.requestType}`, request as Message), // typed by RequestOf
    decode: (bytes) => codec.decode(`yurt.v1.${types.responseType}`, bytes),
  };
}
